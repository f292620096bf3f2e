"""Draws of a store that holds several data sets."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import SamplingError
from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.frames.sampling_recipe import read_recipe
from data.frames.sampling_report import sampling_report
from data.sources.opening import open_source
from data.sources.port import SourceFrame, SourceScene
from data.store.opening import Store
from data.store.tables import Dataset, Frame, SampledFrame, Sampling, Scene
from data.vocabulary import Split
from tests.builders import VERSION, a_picture, a_store, an_empty_store
from tests.data.frames.test_data_sets import Reel


def a_folder(root: Path, scenes: int, *, first: int = 0) -> Path:
    """Scenes of two pictures each, no two alike."""
    for scene in range(first, first + scenes):
        (root / f"drive{scene}").mkdir(parents=True)
        for at in range(2):
            picture = a_picture(colour=(20 + scene * 9, 40 + at * 60, 90))
            (root / f"drive{scene}" / f"{at}.jpg").write_bytes(picture)
    return root


def draws(store: Store) -> dict[str, set[int | None]]:
    """The draws that took scenes, by data set."""
    found: dict[str, set[int | None]] = {}
    with store.read() as session:
        for name, draw in session.exec(select(Dataset.name, Scene.sampling_id).join(Scene)):
            found.setdefault(name, set()).add(draw)
    return found


@pytest.mark.each_store
def test_drives_that_come_after_reviews_get_a_draw_of_their_own(tmp_path: Path) -> None:
    store = a_store(tmp_path / "w")
    with store.read() as session:
        before = {one.frame_id: one.inclusion_probability for one in session.exec(select(SampledFrame))}
    ingest(store, open_source(a_folder(tmp_path / "night", 4), "folder"))
    drawn = sample_frames(store, train=3, held_out=2, seed=9)
    assert (drawn.taken, drawn.replaces) == ({"train": 3, "held_out": 2}, False)
    assert drawn.data_sets == {"night": {"usable": 8, "train": 3, "held_out": 2}}
    with store.read() as session:
        after = {one.frame_id: one.inclusion_probability for one in session.exec(select(SampledFrame))}
        first, second = [one.id for one in session.exec(select(Sampling).order_by(Sampling.id))]  # type: ignore[arg-type]
    assert after.items() >= before.items()
    assert draws(store) == {VERSION: {first}, "night": {second}}
    assert sample_frames(store, train=3, held_out=2, seed=9).was_there
    again = sample_frames(store, train=2, held_out=1, seed=9, data_set="night")
    assert (again.replaces, again.taken) == (True, {"train": 2, "held_out": 1})
    with pytest.raises(SamplingError, match="have answered about its frames since"):
        sample_frames(store, train=2, held_out=1, data_set=VERSION)
    with pytest.raises(SamplingError, match=r"no data set 'nigth' in this store. It has: night, v1.0-test"):
        sample_frames(store, train=2, held_out=1, data_set="nigth")


def test_a_folder_that_grows_is_drawn_from_again(tmp_path: Path) -> None:
    store, root = an_empty_store(tmp_path / "w"), a_folder(tmp_path / "night", 3)
    ingest(store, open_source(root, "folder"))
    sample_frames(store, train=4, held_out=2)
    ingest(store, open_source(a_folder(root, 2, first=3), "folder"))
    drawn = sample_frames(store, train=4, held_out=2)
    assert drawn.replaces  # nothing rested on the first one, so that one draw takes in all
    assert drawn.data_sets["night"]["usable"] == 10


def test_the_same_pictures_under_two_names_stand_on_one_side(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "w")
    for name in ("first", "copy"):
        ingest(store, open_source(a_folder(tmp_path / name, 5), "folder"))
    drawn = sample_frames(store, train=6, held_out=4, seed=3)
    assert drawn.linked_scenes == 10
    assert "10 scenes of several data sets show the same and stand on one side." in sampling_report(drawn)
    with store.read() as session:
        rows = session.exec(select(Frame.image_sha256, Scene.split).join(Scene)).all()
    assert len({sha256 for sha256, _ in rows}) == len(set(rows)) == 10
    assert {side for _, side in rows} == set(Split)


def test_tags_weigh_and_what_is_unknown_is_said(tmp_path: Path) -> None:
    scenes = [
        SourceScene(
            f"s{n}",
            f"Scene {n}",
            [
                SourceFrame(f"{n}-{at}", at * 500_000, f"{n}/{at}.jpg", tags=("cut in",) if at == 0 else ())
                for at in range(5)
            ],
            log_name=f"log {n}",
        )
        for n in range(6)
    ]
    store = an_empty_store(tmp_path / "w")
    ingest(store, Reel(tmp_path, scenes), pictures=tmp_path / "w" / "pictures")
    recipe = read_recipe().model_copy(update={"tags": {"cut in": 9.0, "cut out": 1.0}, "bias": {}})
    drawn = sample_frames(store, train=10, held_out=3, recipe=recipe)
    assert drawn.cue_unknown == {"pedestrian_near": 1.0, "construction": 1.0, "intersection": 1.0}
    assert drawn.cue_share_before["construction"] is None
    report = sampling_report(drawn)
    assert "construction             unknown       unknown    100.0%" in report
    assert "No usable frame has these tags of the recipe: cut out." in report
    with store.read() as session:
        chances = session.exec(
            select(Frame.tags, SampledFrame.inclusion_probability).join(SampledFrame)
        ).all()
    tagged = {round(float(p or 0), 3) for tags, p in chances if tags}
    plain = {round(float(p or 0), 3) for tags, p in chances if not tags}
    assert min(tagged) > 0.9 > max(plain)
