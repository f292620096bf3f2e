"""Draws of a store that holds several data sets."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import SamplingError
from data.frames.draws import Parted
from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.frames.sampling_recipe import read_recipe
from data.frames.sampling_report import sampling_report
from data.frames.shared_views import linked_scenes
from data.proposals.recorded_replies import propose_from_replies
from data.sources.opening import open_source
from data.sources.port import SourceFrame, SourceScene
from data.store.opening import Store
from data.store.tables import Dataset, Frame, SampledFrame, Sampling, Scene
from data.vocabulary import ModelRole, Split
from tests.builders import VERSION, A, a_picture, a_raw_reply, a_store, an_empty_store, replies_file
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


def test_a_drive_that_joins_both_sides_of_an_earlier_split_is_left_out_and_named(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "w")
    ingest(store, open_source(a_folder(tmp_path / "day", 4), "folder"))
    sample_frames(store, train=4, held_out=2, seed=1)
    propose_from_replies(store, answers_to(store, tmp_path / "said.jsonl"), role=ModelRole.TEACHER)
    with store.read() as session:
        sides = {one.name: one.split for one in session.exec(select(Scene))}
        files = {side: f"{next(name for name in sides if sides[name] is side)}/0.jpg" for side in Split}
    long = tmp_path / "whole" / "tour"
    long.mkdir(parents=True)
    for side, file in files.items():
        shutil.copy(tmp_path / "day" / file, long / f"{side.value}.jpg")
    a_folder(tmp_path / "whole", 3, first=10)
    done = ingest(store, open_source(tmp_path / "whole", "folder"))
    beside = [f"day/{files[side].partition('/')[0]}" for side in (Split.TRAIN, Split.HELD_OUT)]
    assert done.parted == [Parted("whole/tour", *beside)]
    drawn = sample_frames(store, train=3, held_out=2)
    assert (drawn.data_sets["whole"]["usable"], drawn.left_out) == (6, (Parted("whole/tour", *beside),))
    assert "Left out: 1 scene belongs with scenes on both sides and can stand on neither: whole/tour (" in (
        sampling_report(drawn)
    )
    again = sample_frames(store, train=3, held_out=2)
    assert (again.was_there, again.left_out) == (True, drawn.left_out)
    with store.read() as session:
        assert session.exec(select(Scene.split).where(Scene.name == "tour")).one() is None


def answers_to(store: Store, path: Path) -> Path:
    with store.read() as session:
        names = session.exec(select(Frame.filename)).all()
    return replies_file(path, {name: a_raw_reply(A) for name in names}, role=ModelRole.TEACHER)


def test_folders_without_times_are_no_drive_that_two_data_sets_have(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "w")
    for number in range(2):
        root = a_folder(tmp_path / f"set{number}", 2, first=number * 5)
        ingest(store, open_source(root, "folder"))
    with store.read() as session:
        new = set(session.exec(select(Scene.id)))
        assert linked_scenes(session, new) == []
    with store.write() as session:
        for scene in session.exec(select(Scene)):
            scene.log_name = "drive0"
        for frame in session.exec(select(Frame)):
            frame.captured_at_us += 1_700_000_000_000_000
    with store.read() as session:
        assert len(linked_scenes(session, new)) == 4
