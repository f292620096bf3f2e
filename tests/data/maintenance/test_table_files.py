from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest
from sqlmodel import select

from data import notebook
from data.errors import StoreError, StoreUnavailable, TraceError
from data.maintenance.table_files import table_names, write_csv, write_parquet
from data.people.accounts import sign_in
from data.snapshot.freeze import freeze
from data.store.opening import Store, open_read_only
from data.store.tables import Person
from data.vocabulary import Split
from tests.builders import T, a_person, a_store, reviewed
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which everything is verified TELEOPERATION, and a snapshot of it."""
    folder = tmp_path_factory.mktemp("tables")
    store = a_verified_store(folder, level=T)
    sign_in(store, "ada", "password-ada")
    freeze(store, folder / "workspace" / "snapshots" / "one")
    store.close()
    return folder / "workspace"


@pytest.fixture
def store(workspace: Path) -> Store:
    return open_read_only(workspace)


def test_every_table_is_a_parquet_file_that_pandas_reads(store: Store, tmp_path: Path) -> None:
    done = write_parquet(store, tmp_path / "tables")
    assert sorted(path.stem for path in (tmp_path / "tables").iterdir()) == table_names()
    reviews = pd.read_parquet(tmp_path / "tables" / "review.parquet")
    assert len(reviews) == done.rows["review"] == 16
    assert set(reviews.level) == {"TELEOPERATION"}
    assert reviews.reviewed_at_us.dtype == "int64"
    frames = pd.read_parquet(tmp_path / "tables" / "frame.parquet")
    assert list(frames.boxes) == ["{}"] * 8


def test_nothing_that_opens_the_app_is_written(store: Store, tmp_path: Path) -> None:
    write_parquet(store, tmp_path / "parquet")
    write_csv(store, tmp_path / "csv")
    names = {path.stem for path in (tmp_path / "csv").iterdir()}
    assert not names & {"secret", "sign_in", "sign_in_attempt"}
    for person in (
        pd.read_parquet(tmp_path / "parquet" / "person.parquet"),
        pd.read_csv(tmp_path / "csv/person.csv"),
    ):
        assert "password_hash" not in person.columns
        assert list(person.name) == ["ada", "ben"]


def test_csv_is_safe_to_open_in_a_spreadsheet(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    frame = frames_in(store, Split.TRAIN)[0]
    reviewed(
        store, a_person(store), frame, T, reasoning='=HYPERLINK("http://x")', action="line\nbreak, comma"
    )
    write_csv(store, tmp_path / "tables")
    with (tmp_path / "tables" / "review.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["reasoning"] == '\'=HYPERLINK("http://x")'
    assert (row["action"], row["level"], row["supersedes_id"]) == ("line\nbreak, comma", "TELEOPERATION", "")
    with (tmp_path / "tables" / "alert.csv").open(encoding="utf-8") as file:
        assert file.readline().startswith("id,")


def test_files_of_others_are_not_written_over(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(StoreError, match=r"holds mine\.txt already"):
        write_parquet(store, tmp_path)
    with pytest.raises(StoreError, match="cannot be made"):
        write_csv(store, tmp_path / "mine.txt" / "x")


def test_a_notebook_reads_tables_frames_and_pairs(workspace: Path) -> None:
    assert "review" in notebook.table_names()
    assert len(notebook.table(workspace, "review")) == 16
    frames = notebook.frames(str(workspace))
    assert frames.groupby("split").size().to_dict() == {"held_out": 4, "train": 4}
    assert set(zip(frames.state, frames.level, frames.proposed_level, strict=True)) == {
        ("verified", "TELEOPERATION", "SUPERVISION")
    }
    pairs = notebook.pairs(workspace / "snapshots" / "one")
    assert set(pairs.weight) == {5.0}
    assert pairs.chosen.str.contains("TELEOPERATION").all()
    chain = notebook.trace(workspace, pairs.pair_id[0])
    assert chain["pair"]["frame_id"] == pairs.frame_id[0]


def test_a_notebook_is_told_what_is_not_there(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no table called 'secret' to read"):
        notebook.table(workspace, "secret")
    with pytest.raises(StoreError, match="is not a workspace"):
        notebook.frames(tmp_path)
    with pytest.raises(TraceError):
        notebook.trace(workspace, "nothing")


def test_a_store_that_is_opened_to_read_refuses_to_change(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="readonly"), store.write() as session:
        session.exec(select(Person)).first().is_disabled = True  # type: ignore[union-attr]


def test_a_store_of_another_version_is_not_read(tmp_path: Path) -> None:
    store = a_store(tmp_path, sampled=False)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    store.close()
    with pytest.raises(StoreError, match="was written by another version"):
        notebook.frames(tmp_path / "workspace")
