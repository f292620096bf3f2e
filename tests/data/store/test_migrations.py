"""A migration does for ever what it did on the day of its release, so it stands alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from data.store import opening

FOLDER = Path(opening.__file__).parent / "migrations"
OURS = {"annotator", "data", "eval", "training", "tests"}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.stem)
def test_a_migration_imports_nothing_of_ours(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    taken_from = [node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)]
    assert not {name.split(".")[0] for name in plain + taken_from} & {*OURS, ""}
