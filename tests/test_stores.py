"""What tests build their stores from: a copy has to be what building it would have given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData
from sqlalchemy import select as columns_of
from sqlmodel import select

from data.maintenance.check import check_store
from data.store.opening import Store, open_store
from data.store.tables import Dataset
from tests.builders import A, S, a_person, a_store
from tests.stores import Recipe
from tests.templates import template

VARYING = {"dataroot", "at_us", "details", "row_sha256", "previous_sha256", "sha256"}
RECIPE = Recipe({"scene-0001": 2, "scene-0002": 2}, teacher=S, student=A, is_sampled=True)


def rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, without its times, where its pictures lie, and what the trail makes of these."""
    known = MetaData()
    known.reflect(store.engine)
    with store.read() as session:
        found = {
            table.name: [dict(row) for row in session.connection().execute(columns_of(table)).mappings()]
            for table in known.sorted_tables
        }
    for row in (row for table in found.values() for row in table):
        for name in [name for name in row if name.endswith("_at_us") or name in VARYING]:
            del row[name]
    # A copy has a key of its own and its pictures lie elsewhere, so these are sealed once more.
    found["trail_entry"] = [
        {**row, "id": None} for row in found["trail_entry"] if row["subject"] not in {"dataset", "secret"}
    ]
    return {name: sorted(table, key=repr) for name, table in found.items()}


@pytest.mark.each_store
def test_a_copy_has_the_rows_of_a_store_that_is_built_and_stands_on_its_own(tmp_path: Path) -> None:
    RECIPE.build(tmp_path / "built")
    built = open_store(tmp_path / "built" / "workspace")
    one = a_store(tmp_path / "one", scenes=RECIPE.scenes)
    other = a_store(tmp_path / "other", scenes=RECIPE.scenes)
    expected = rows(built)
    for copy in (one, other):
        for table, found in rows(copy).items():
            assert found == expected[table], table
    a_person(one)
    assert (len(rows(one)["person"]), len(rows(other)["person"])) == (1, 0)
    assert one.secret("images") != other.secret("images")
    checked = check_store(one)
    assert (checked.damages, checked.stale_statuses) == ([], [])


def test_a_copy_looks_for_its_pictures_in_its_own_folder(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=RECIPE.scenes)
    with store.read() as session:
        (dataroot,) = session.exec(select(Dataset.dataroot)).all()
    assert dataroot == str(tmp_path / "dataroot")
    made = template(RECIPE.name, RECIPE.build)
    for picture in (tmp_path / "dataroot" / "samples").rglob("*.jpg"):
        assert picture.stat().st_nlink == 1
        assert picture.read_bytes() == (made / picture.relative_to(tmp_path)).read_bytes()
    assert str(made) not in repr(rows(store))
