"""Draws docs/contributing/architecture.svg from the import contracts: `python docs/scripts/draw_architecture.py`."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "contributing" / "architecture.svg"
WIDTH, MARGIN, ROW, CHIP, GAP, HEAD = 1120, 20, 30, 22, 8, 34
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1d2733 }
  .head { font-weight: 600; font-size: 15px }
  .note { fill: #55606e; font-size: 12px }
  .package { fill: #f5f7fa; stroke: #b8c2cf }
  .room { fill: #fff; stroke: #8fa3b8 }
"""


@dataclass(frozen=True)
class Floors:
    """A package and its floors, top first; a floor is a list of rooms that do not import each other."""

    package: str
    floors: list[list[str]]

    @property
    def height(self) -> int:
        return HEAD + ROW * len(self.floors) + GAP


def floors_of(package: str) -> Floors:
    """A package's floors as its contract in pyproject.toml states them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract.get("containers") == [package]:
            return Floors(package, [re.split(r"\s*[|:]\s*", layer) for layer in contract["layers"]])
    raise LookupError(f"no contract states the floors of {package}")


def picture() -> str:
    """The drawing as SVG: annotator above eval and training, those above data; imports run down."""
    annotator, evaluation, training, data = (
        floors_of(name) for name in ("annotator", "eval", "training", "data")
    )
    left = (WIDTH - 3 * MARGIN) * 3 // 5
    right = WIDTH - 3 * MARGIN - left
    top = MARGIN
    middle = top + annotator.height + MARGIN
    bottom = middle + max(evaluation.height, training.height) + MARGIN
    height = bottom + data.height + MARGIN + 18
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>The four packages and their floors; imports run down only</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        _package(annotator, MARGIN, top, WIDTH - 2 * MARGIN),
        _package(evaluation, MARGIN, middle, left),
        _package(training, 2 * MARGIN + left, middle, right),
        _package(data, MARGIN, bottom, WIDTH - 2 * MARGIN),
        f'<text class="note" x="{MARGIN}" y="{height - 12}">A room imports rooms on floors below it, never one '
        "beside or above it. eval and training never import each other; only annotator.__main__ imports training."
        "</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _package(floors: Floors, x: int, y: int, width: int) -> str:
    lines = [
        f'<rect class="package" x="{x}" y="{y}" width="{width}" height="{floors.height}" rx="8"/>',
        f'<text class="head" x="{x + 12}" y="{y + 22}">{floors.package}/</text>',
    ]
    for number, floor in enumerate(floors.floors):
        lines += _floor(floor, x + 12, y + HEAD + ROW * number)
        if len(floor) == 1:
            lines.append(
                _purpose(floors.package, floor[0], x + 150, y + HEAD + ROW * number + 15, width - 160)
            )
    return "\n".join(lines)


def _purpose(package: str, room: str, x: int, y: int, width: int) -> str:
    """The first sentence of a room's own docstring, as far as it fits."""
    place = ROOT / package / room
    source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    sentence = " ".join((ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").split())
    sentence = sentence.partition(". ")[0].rstrip(".").replace("`", "")
    room_for = width // 7
    if len(sentence) > room_for:
        sentence = sentence[:room_for].rpartition(" ")[0] + " …"
    return f'<text class="note" x="{x}" y="{y}">{escape(sentence)}</text>'


def _floor(rooms: list[str], x: int, y: int) -> list[str]:
    lines = []
    for room in rooms:
        width = 18 + round(7.9 * len(room))
        lines.append(f'<rect class="room" x="{x}" y="{y}" width="{width}" height="{CHIP}" rx="4"/>')
        lines.append(f'<text x="{x + 9}" y="{y + 15}">{escape(room)}</text>')
        x += width + GAP
    return lines


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
