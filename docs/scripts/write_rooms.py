"""Writes docs/contributing/rooms.md from each room's own docstring: `python docs/scripts/write_rooms.py`."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "contributing" / "rooms.md"
PACKAGES = ("data", "eval", "training", "annotator")
INTRODUCTION = """# Map of rooms

A room is a folder: one noun of the domain. Each line is the first sentence of the room's own `__init__`;
`docs/scripts/write_rooms.py` writes this page, and a test compares the two.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    for package in PACKAGES:
        rows = [f"| `{_name(room)}/` | {purpose(room)} |" for room in rooms(package)]
        parts.append(
            "\n".join(
                [f"## {package}", "", purpose(ROOT / package), "", "| room | for |", "| --- | --- |", *rows]
            )
        )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def rooms(package: str) -> list[Path]:
    """The folders of a package that hold modules, in the order of their names; migrations apart."""
    found = (path.parent for path in (ROOT / package).rglob("__init__.py"))
    return sorted(room for room in found if room != ROOT / package and "migrations" not in room.parts)


def purpose(room: Path) -> str:
    """The first paragraph of a room's docstring on one line."""
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _name(room: Path) -> str:
    return room.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
