"""Class balance, expected pairs and coverage of scenarios rest on the random share, whatever was reviewed first."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.scenarios.catalogue import read_catalogue
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, RandomShare
from data.vocabulary import Split
from eval.coverage.from_store import coverage
from eval.coverage.training_side import training_side
from eval.statistics.rate import Interval, Rate, Undefined
from tests.builders import A, T, a_decision, a_person, a_store

SCENES = {f"scene-{n:04d}": 4 for n in range(1, 33)}


def hard_frames_first(folder: Path) -> tuple[Store, int]:
    """A store in which half of the scenes have two TELEOPERATION frames of four, with fog in every frame, and how many
    scenes train. All TELEOPERATION is reviewed, of the rest the random share: half of the frames."""
    store = a_store(folder, scenes=SCENES, teacher=T, student=A)
    ada = a_person(store)
    with store.write() as session:
        query = select(FrameStatus.frame_id).where(FrameStatus.split == Split.TRAIN)
        train = sorted(session.exec(query))
        for frame in session.exec(select(Frame)):
            frame.cues = {"fog": "few edges"}
    served = {one.frame.id: one for one in lease_frames(store, ada, n=500)}
    at = {frame_id: served[frame_id].frame for frame_id in train}
    scene_ids = sorted({frame.scene_id for frame in at.values()})
    hard = set(scene_ids[: len(scene_ids) // 2])
    drawn = [frame_id for frame_id in train if at[frame_id].position in (0, 1)]
    with store.write() as session:
        session.add_all(
            RandomShare(frame_id=one, inclusion_probability=0.5, place=n / 100) for n, one in enumerate(drawn)
        )
    for frame_id in train:
        is_t = at[frame_id].scene_id in hard and at[frame_id].position in (0, 2)
        if is_t or frame_id in drawn:
            level = T if is_t else A
            submit_review(store, ada, a_decision(served[frame_id], level, person=ada))
    return store, len(scene_ids)


def test_likely_teleoperation_first_does_not_move_the_class_balance(tmp_path: Path) -> None:
    store, scenes = hard_frames_first(tmp_path)
    found = training_side(store)
    assert (found.n, found.frames) == (2 * scenes, 4 * scenes)
    assert found.open > 0
    share = found.levels[T]
    assert share.rate == Rate(scenes // 2, 2 * scenes)
    assert isinstance(share.interval, Interval)
    assert share.interval.low < 0.25 < share.interval.high
    low, middle, high = found.expected(5.0) or (0, 0, 0)
    assert low < middle == round(4 * scenes * share.rate.value) < high


def test_likely_teleoperation_first_does_not_move_the_share_of_a_scenario(tmp_path: Path) -> None:
    store, scenes = hard_frames_first(tmp_path)
    found = coverage(store, read_catalogue(), tmp_path / "reports")
    (fog,) = [one for one in found.scenarios if one.count.key == "fog"]
    assert fog.share == Rate(scenes // 2, 2 * scenes)  # of all that are reviewed 2 in 5 are TELEOPERATION
    assert isinstance(fog.interval, Interval)
    assert fog.interval.low < 0.25 < fog.interval.high


def test_without_a_reviewed_share_nothing_is_estimated(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    found = training_side(store)
    assert (found.n, found.levels, found.pairs) == (0, {}, {})


def test_a_few_scenes_give_a_reason_in_place_of_an_interval(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    ada = a_person(store, "ada")
    one = next(one for one in lease_frames(store, ada, n=50) if one.scene.split is Split.TRAIN)
    with store.write() as session:
        session.add(RandomShare(frame_id=one.frame.id, inclusion_probability=0.1, place=0.5))
    submit_review(store, ada, a_decision(one, A, person=ada))
    interval = training_side(store).levels[A].interval
    assert isinstance(interval, Undefined)
    assert "10 are needed" in interval.reason
