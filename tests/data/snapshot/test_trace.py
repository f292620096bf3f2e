from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import TraceError
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import freeze
from data.snapshot.trace import trace, trace_text
from data.vocabulary import Split
from tests.builders import S, T, a_filename
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store

pytestmark = pytest.mark.each_store


def test_a_pair_is_traced_to_its_reviews_proposals_runs_and_image(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    freeze(store, tmp_path / "snapshots" / "one")
    pair = load_snapshot(tmp_path / "snapshots" / "one").pairs[0]
    chain = trace(store, pair.pair_id, snapshots=tmp_path / "snapshots")
    assert list(chain) == ["pair", "verified", "adjudication", "reviews", "proposals", "frame"]
    assert (chain["pair"]["weight"], chain["pair"]["chosen"], chain["pair"]["rejected"]) == (
        5.0,
        "TELEOPERATION",
        "AUTONOMY",
    )
    assert [review["id"] for review in chain["reviews"]] == pair.review_ids
    assert [review["who"] for review in chain["reviews"]] == ["ada (annotator)", "ben (annotator)"]
    assert [(one["role"], one["level"]) for one in chain["proposals"]] == [
        ("teacher", "SUPERVISION"),
        ("student", "AUTONOMY"),
    ]
    assert chain["frame"]["image_sha256"] == pair.image_sha256
    assert chain["frame"]["split"] == "train"


def test_a_frame_is_found_by_its_id_and_by_its_file_name(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    name = a_filename("scene-0001", 2)
    chain = trace(store, name)
    assert chain["frame"]["filename"] == name
    assert trace(store, chain["frame"]["id"]) == chain
    assert trace(store, "scene-0001 frame 3") == trace(store, chain["frame"]["id"][:8]) == chain
    assert "pair" not in chain


def test_the_text_shows_every_link(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    text = trace_text(trace(store, frames_in(store, Split.HELD_OUT)[0]))
    for part in (
        "verified\n",
        "adjudication\n  none",
        "reviews 1\n",
        "reviews 2\n",
        "proposals 1\n",
        "blind",
        S.value,
    ):
        assert part in text


def test_a_broken_snapshot_hides_no_frame_and_no_other_snapshot(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    freeze(store, tmp_path / "snapshots" / "1")
    for number, text in enumerate(["{}", "", "[" * 10_000], start=2):
        (tmp_path / "snapshots" / str(number)).mkdir()
        (tmp_path / "snapshots" / str(number) / "manifest.json").write_text(text)
    pair = load_snapshot(tmp_path / "snapshots" / "1").pairs[0]
    chain = trace(store, pair.pair_id, snapshots=tmp_path / "snapshots")
    assert (chain["pair"]["frame_id"], len(chain["snapshots_not_read"])) == (pair.frame_id, 3)
    with pytest.raises(TraceError, match="3 snapshots could not be read"):
        trace(store, "nothing", snapshots=tmp_path / "snapshots")


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    with pytest.raises(TraceError, match="'nothing' is neither a frame's id"):
        trace(store, "nothing", snapshots=tmp_path / "snapshots")
