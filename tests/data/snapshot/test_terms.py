from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from data.nuscenes.official_split import LICENCE as NUSCENES
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import freeze
from data.snapshot.terms import SceneTerms, binding, counted_terms
from data.store.tables import Scene
from tests.data.snapshot.test_snapshot import a_verified_store


def test_terms_are_counted_by_data_set_and_nuscenes_alone_needs_no_words() -> None:
    terms = {
        "s": SceneTerms("v1.0-mini", "nuscenes", NUSCENES),
        "t": SceneTerms("night", "folder", None),
        "u": SceneTerms("cars", "mcap", "CC-BY-4.0"),
    }
    assert counted_terms({"s": 5}, terms) == []
    found = counted_terms({"s": 5, "t": 2, "u": 1}, terms)
    assert [(one.data_set, one.licence, one.entries) for one in found] == [
        ("cars", "CC-BY-4.0", 1),
        ("night", None, 2),
        ("v1.0-mini", NUSCENES, 5),
    ]
    said = binding(found)
    assert "under several terms: CC-BY-4.0; nuScenes terms of use" in said
    assert "One of them allows no commercial use, so the whole allows none." in said
    assert "Nobody has said which terms bind the pictures of night" in said


def test_a_snapshot_that_mixes_terms_says_which_bind_it(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    with store.write() as session:
        scenes = session.exec(select(Scene).order_by(Scene.id)).all()
        scenes[0].licence = "CC-BY-4.0 | <b>"
    freeze(store, tmp_path / "snap")
    card = (tmp_path / "snap" / "README.md").read_text(encoding="utf-8")
    assert [one.licence for one in load_snapshot(tmp_path / "snap").manifest.terms] == [
        None,
        "CC-BY-4.0 | <b>",
    ]
    assert r"| v1.0-test | CC-BY-4.0 \| &lt;b&gt; | 4 |" in card
    assert "Nobody has said which terms bind the pictures of v1.0-test" in card
    assert "license_name: several-terms" in card
