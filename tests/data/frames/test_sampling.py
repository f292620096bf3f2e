from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from data.errors import SamplingError
from data.frames.ingest import ingest
from data.frames.sampling import draw, inclusion_probabilities, sample_frames, standing_frames
from data.frames.sampling_recipe import SplitBy, read_recipe
from data.frames.sides import split_scenes
from data.maintenance.trail_check import verify_trail
from data.nuscenes.official_split import is_validation_scene
from data.sources.nuscenes import nuscenes
from data.store.tables import Frame, SampledFrame, Sampling, Scene, TrailEntry
from data.verification.status import refresh_statuses
from data.vocabulary import Split, TrailAct
from tests.builders import VERSION, a_dataroot, a_store, an_empty_store

pytestmark = pytest.mark.each_store


def test_the_split_is_by_scene_seeded_and_near_the_share() -> None:
    scenes = {f"scene-{number:04d}": 40 for number in range(100)}
    sides = split_scenes(scenes, 0.1, seed=7)
    assert list(sides.values()).count(Split.HELD_OUT) == 10
    assert sides == split_scenes(scenes, 0.1, seed=7)
    assert sides != split_scenes(scenes, 0.1, seed=8)


def test_a_large_scene_is_passed_over_when_it_would_overshoot() -> None:
    for seed in range(20):
        sides = split_scenes({"a": 1, "b": 4, "c": 5, "d": 1}, 0.25, seed)
        held_out = sum(
            n for scene, n in {"a": 1, "b": 4, "c": 5, "d": 1}.items() if sides[scene] is Split.HELD_OUT
        )
        assert 1 <= held_out <= 5


def test_one_scene_cannot_be_split() -> None:
    with pytest.raises(SamplingError, match="at least two scenes"):
        split_scenes({"only": 40}, 0.1, 0)


@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=60), st.integers(1, 60))
def test_inclusion_probabilities_add_up_and_never_exceed_one(weights: list[float], n: int) -> None:
    probabilities = inclusion_probabilities(weights, n)
    assert probabilities.max() <= 1 + 1e-9
    assert np.isclose(probabilities.sum(), min(n, len(weights)))


def test_the_draw_takes_each_frame_as_often_as_its_probability_says() -> None:
    probabilities = inclusion_probabilities([1, 1, 2, 4, 1, 1], 3)
    times = np.zeros(6)
    for seed in range(4000):
        taken = draw(probabilities, seed)
        assert len(taken) == 3
        times[taken] += 1
    assert np.abs(times / 4000 - probabilities).max() < 0.03


def test_sampling_puts_no_scene_on_both_sides(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={f"scene-000{n}": 6 for n in range(1, 6)}, sampled=False)
    drawn = sample_frames(store, train=12, held_out=4, seed=3)
    assert drawn.taken == {"train": 12, "held_out": 4}
    with store.read() as session:
        rows = session.exec(
            select(SampledFrame, Frame, Scene).where(
                SampledFrame.frame_id == Frame.id, Frame.scene_id == Scene.id
            )
        ).all()
    assert len(rows) == 16
    assert all(row.split is scene.split for row, _, scene in rows)
    assert all(0 < (row.inclusion_probability or 0) <= 1 for row, _, _ in rows)


def test_the_same_call_again_changes_nothing(tmp_path: Path) -> None:
    store = a_store(tmp_path, sampled=False)
    first = sample_frames(store, train=3, held_out=2, seed=1)
    again = sample_frames(store, train=3, held_out=2, seed=1)
    assert again.was_there
    assert again.taken == first.taken


def test_edge_cases_are_drawn_more_often(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 40, "scene-0002": 40}, sampled=False)
    with store.write() as session:
        for frame in session.exec(select(Frame)):
            frame.cues = {"construction": "two cones"} if frame.position < 10 else {}
            session.add(frame)
    drawn = sample_frames(store, train=12, held_out=12, seed=0)
    assert drawn.cue_share_before["construction"] == 0.25
    assert (drawn.cue_share_after["construction"] or 0.0) > 0.4


@pytest.mark.parametrize(("train", "held_out"), [(0, 5), (5, 0), (-1, 5)])
def test_a_side_without_frames_is_refused(tmp_path: Path, train: int, held_out: int) -> None:
    with pytest.raises(SamplingError, match="At least one frame"):
        sample_frames(a_store(tmp_path, sampled=False), train=train, held_out=held_out)


def a_frame_at(position: int, x_m: float) -> Frame:
    at_us = position * 500_000
    return Frame(
        id=str(position),
        scene_id="s",
        position=position,
        captured_at_us=at_us,
        filename=str(position),
        ego_x_m=x_m,
    )


def test_frames_of_a_standing_vehicle_are_thinned_to_one_in_five_seconds() -> None:
    frames = [a_frame_at(position, 7.0 if position < 21 else 7.0 + position) for position in range(24)]
    left_out = standing_frames(frames, move_m=1.0, gap_s=5.0)
    assert sorted(set(range(24)) - {int(one) for one in left_out}) == [0, 10, 20, 21, 22, 23]


def test_scenes_without_poses_are_not_thinned() -> None:
    assert standing_frames([a_frame_at(n, 0.0) for n in range(9)], move_m=1.0, gap_s=5.0) == set()


def test_nuscenes_own_validation_scenes_are_those_of_its_devkit() -> None:
    splits = pytest.importorskip("nuscenes.utils.splits")
    names = [*splits.train, *splits.val]
    assert sorted(name for name in names if is_validation_scene(name)) == sorted(splits.val)


def test_an_official_dataset_is_split_as_nuscenes_splits_it(tmp_path: Path) -> None:
    scenes = {"scene-0061": 3, "scene-0103": 3, "scene-0655": 3}
    store = an_empty_store(tmp_path / "workspace")
    ingest(store, nuscenes(a_dataroot(tmp_path / "root", scenes=scenes, version="v1.0-mini"), "v1.0-mini"))
    drawn = sample_frames(store, train=9, held_out=9, recipe=read_recipe())
    with store.read() as session:
        held_out = [scene.name for scene in session.exec(select(Scene)) if scene.split is Split.HELD_OUT]
    assert held_out == ["scene-0103"]
    assert (drawn.split_by, drawn.frames_per_scene) == ("official", {"least": 3, "median": 3, "most": 3})
    assert round(sum(drawn.expected_levels.values()), 3) == 1.0


def test_a_split_by_log_keeps_a_drive_on_one_side(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={f"scene-{n:04d}": 2 for n in range(1, 7)}, sampled=False)
    with store.write() as session:
        for scene in session.exec(select(Scene)):
            scene.log_name = f"log-{int(scene.name[-1]) % 3}"
    by_log = read_recipe().model_copy(update={"split_by": SplitBy.LOG})
    sample_frames(store, train=8, held_out=4, recipe=by_log)
    with store.read() as session:
        sides = {(scene.log_name, scene.split) for scene in session.exec(select(Scene))}
    assert len(sides) == 3


def test_a_recipe_with_an_unknown_cue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("bias: {snow: 2.0}\n")
    with pytest.raises(SamplingError, match=r"bias\.snow"):
        read_recipe(tmp_path / "mine.yaml")


def test_a_dry_run_says_what_would_be_drawn_and_stores_nothing(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "w")
    ingest(store, nuscenes(a_dataroot(tmp_path / "d"), VERSION))
    seen = sample_frames(store, train=2, held_out=2, seed=1, dry_run=True)
    with store.read() as session:
        assert session.exec(select(SampledFrame)).all() == []
        assert {scene.split for scene in session.exec(select(Scene))} == {None}
    assert sample_frames(store, train=2, held_out=2, seed=1) == seen


def test_another_draw_replaces_one_that_nothing_rests_on(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "w")
    ingest(store, nuscenes(a_dataroot(tmp_path / "d"), VERSION))
    sample_frames(store, train=2, held_out=2, seed=1)
    refresh_statuses(store)
    drawn = sample_frames(store, train=3, held_out=4, seed=1)
    assert drawn.replaces
    assert drawn.taken == {"train": 3, "held_out": 4}
    with store.read() as session:
        assert len(session.exec(select(SampledFrame)).all()) == 7
        assert len(session.exec(select(Sampling)).all()) == 1
        acts = [entry.act for entry in session.exec(select(TrailEntry))]
        assert verify_trail(session).is_whole
    assert acts.count(TrailAct.TOOK_BACK_SAMPLE) == 1


def test_a_draw_that_a_model_has_answered_about_stays(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with pytest.raises(SamplingError, match="have answered about its frames since"):
        sample_frames(store, train=1, held_out=1, seed=5)
