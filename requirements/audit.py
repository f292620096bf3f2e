"""Says what pip-audit found about the pinned packages, in one of three words; `make audit` runs it.

Exit codes: 0 clean (every package was looked up), 1 vulnerable, 3 unknown (some package, or all of them, could not be
looked up: a skipped package is no clean one).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 3
_SHOWN = 10


def main(pip_audit: str) -> int:
    done = subprocess.run(  # noqa: S603
        [
            *(pip_audit, "--requirement", "constraints.txt", "--no-deps", "--disable-pip"),
            *("--progress-spinner", "off", "--format", "json"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    pinned = [
        line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    ]
    code, lines = judged(done.stdout, pinned)
    print("\n".join(lines))  # noqa: T201
    if code == UNKNOWN and done.stderr:
        print(done.stderr[-2000:], file=sys.stderr)  # noqa: T201
    return code


def judged(report: str, pinned: list[str]) -> tuple[int, list[str]]:
    """(exit code, lines to print) for pip-audit's JSON and the names that it was to look up."""
    found = _dependencies(report)
    vulnerable = {one["name"]: [bug["id"] for bug in one["vulns"]] for one in found if one.get("vulns")}
    looked_up = {_plain(one["name"]) for one in found if "vulns" in one}
    unknown = sorted(name for name in pinned if _plain(name) not in looked_up)
    lines = [f"{name}: {', '.join(ids)}" for name, ids in sorted(vulnerable.items())]
    if unknown:
        named = ", ".join(unknown[:_SHOWN]) + (" …" if len(unknown) > _SHOWN else "")
        lines.append(f"{len(unknown)} of {len(pinned)} packages could not be looked up: {named}")
    if vulnerable:
        return VULNERABLE, [*lines, f"vulnerable: {len(vulnerable)} of {len(pinned)} packages"]
    if unknown or not pinned:
        return UNKNOWN, [*lines, "unknown: not every package was looked up; this is no clean bill"]
    return CLEAN, [f"clean: nothing is known against any of {len(pinned)} packages"]


def _dependencies(report: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("name"), str)]


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
