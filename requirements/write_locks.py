"""Writes the locks beside this file: every package with the hashes of all of its files, from pyproject.toml and
constraints.txt. `make lock` runs it in an environment that has uv.

app.lock   what the app needs, with PostgreSQL's driver
all.lock   what training and the tests need too, but for torch: its builds differ by platform and accelerator, and many
           machines have one of their own, so that no list of hashes would fit. torch and the CUDA packages that it
           brings are installed by version alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
EXTRAS = {
    "app": ["postgresql"],
    "all": ["train", "nuscenes", "labelstudio", "postgresql", "ray", "dev"],
}
_OF_TORCH = re.compile(r"(torch|triton|cuda|nvidia)\b")
_EVERYWHERE = re.compile(
    r"python_full_version >= '3\.11\.5' and python_full_version < '3\.13'( and \(sys_platform == 'darwin' or "
    r"sys_platform == 'linux' or sys_platform == 'win32'\))?( and )?"
)
_HEAD = "# Written by `make lock`. Every package, with the SHA-256 of each of its files.\n"


def main(uv: str) -> None:
    for name, extras in EXTRAS.items():
        chosen = [part for extra in extras for part in ("--extra", extra)]
        command = [
            *(uv, "pip", "compile", "pyproject.toml", "requirements/build.in", *chosen),
            *(
                "--constraint",
                "constraints.txt",
                "--generate-hashes",
                "--universal",
                "--python-version",
                "3.11",
            ),
            *("--no-annotate", "--no-header", "--quiet"),
        ]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
        (HERE / f"{name}.lock").write_text(_HEAD + "".join(locked(done.stdout)))


def locked(text: str) -> list[str]:
    """The entries of a lock as pip reads them: those of torch left out, and no condition where it always holds."""
    entries = re.split(r"\n(?=\S)", text.strip())
    return [_plain(entry) + "\n" for entry in entries if not _OF_TORCH.match(entry)]


def _plain(entry: str) -> str:
    """
    >>> _plain("a==1 ; python_full_version >= '3.11.5' and python_full_version < '3.13' and sys_platform == 'win32'")
    "a==1 ; sys_platform == 'win32'"
    """
    head, _, hashes = entry.partition(" \\\n")
    head = _EVERYWHERE.sub("", head, count=1).strip().removesuffix(";").strip()
    return head + (f" \\\n{hashes}" if hashes else "")


if __name__ == "__main__":
    main(sys.argv[1])
