"""Print pip's constraints for the oldest versions that the extra `train` allows; all else as pinned.

What those versions ask of the packages below them is left to pip.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
GIVES_WAY = {"dill", "fsspec", "hf-xet", "huggingface-hub", "multiprocess", "safetensors", "tokenizers"}
"""What the packages of training pin themselves."""


def floors(requirements: list[str]) -> dict[str, str]:
    """Name -> oldest version, of requirements such as trl>=1.16,<1.17.

    >>> floors(["trl>=1.16,<1.17", "peft>=0.18"])
    {'trl': '1.16', 'peft': '0.18'}
    """
    found = [re.fullmatch(r"([\w-]+)>=([\d.]+).*", requirement) for requirement in requirements]
    return {match[1]: match[2] for match in found if match}


def main() -> None:
    """Print them."""
    train = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["train"]
    oldest = {name: version for name, version in floors(train).items() if name != "torch"}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line.split("==")[0].replace("_", "-") not in GIVES_WAY | oldest.keys():
            print(line)
    for name, version in oldest.items():
        print(f"{name}=={version}")


if __name__ == "__main__":
    main()
