"""Every room says what it is for, and what it says exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.repository import ROOT

PACKAGES = ("annotator", "data", "eval", "training")
MOST_MODULES = 17
ROOMS = sorted(
    path.parent
    for package in PACKAGES
    for path in (ROOT / package).rglob("__init__.py")
    if "migrations" not in path.parts
)


def _name(room: Path) -> str:
    return room.relative_to(ROOT).as_posix()


def _modules(room: Path) -> list[Path]:
    return [path for path in room.glob("*.py") if path.name != "__init__.py"]


@cache
def _defined_in(path: Path) -> set[str]:
    """Names that a module defines at its top level or imports there (a face does)."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.Assign(targets=targets):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.ImportFrom(names=names) if path.name == "__init__.py":
                found |= {alias.asname or alias.name for alias in names}
            case _:
                pass
    return found


def _known(room: Path) -> set[str]:
    """What a room's docstring may name: its modules and rooms, what they define, packages and the command."""
    inside = {path.stem for path in room.glob("*.py")} | {
        path.name for path in room.iterdir() if path.is_dir()
    }
    defined = {name for path in room.rglob("*.py") for name in _defined_in(path)}
    return inside | defined | set(PACKAGES) | {"teletriage"}


@pytest.mark.parametrize("room", ROOMS, ids=_name)
def test_a_room_says_what_it_is_for_and_names_only_what_it_holds(room: Path) -> None:
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    first, _, rest = text.partition("\n\n")
    assert first, f"{_name(room)}/__init__.py: what is it for?"
    assert rest.strip(), f"{_name(room)}/__init__.py: which use cases has it, and what must it not know?"
    named = re.findall(r"(?<!`)`([A-Za-z_]\w*)`(?!`)", text)
    unknown = sorted(set(named) - _known(room))
    assert not unknown, f"{_name(room)}/__init__.py names {unknown}, which the room does not hold"


@pytest.mark.parametrize("room", ROOMS, ids=_name)
def test_a_room_can_be_taken_in_at_a_glance(room: Path) -> None:
    assert len(_modules(room)) <= MOST_MODULES


def test_no_module_stands_outside_a_room() -> None:
    lost = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    ]
    assert lost == []
