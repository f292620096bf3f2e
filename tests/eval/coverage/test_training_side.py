"""Class balance and expected pairs come from the random share, whatever the order of review did."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.tables import FrameStatus, RandomShare
from data.vocabulary import Split
from eval.coverage.training_side import training_side
from eval.statistics.rate import Interval, Rate, Undefined
from tests.builders import A, T, a_decision, a_person, a_store

SCENES = {f"scene-{n:04d}": 4 for n in range(1, 33)}


def test_likely_teleoperation_first_does_not_move_the_class_balance(tmp_path: Path) -> None:
    """In half of the scenes two frames of four are TELEOPERATION. All of those are reviewed, of the rest the share."""
    store = a_store(tmp_path, scenes=SCENES, teacher=T, student=A)
    ada = a_person(store)
    with store.read() as session:
        query = select(FrameStatus.frame_id).where(FrameStatus.split == Split.TRAIN)
        train = sorted(session.exec(query))
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
    found = training_side(store)
    scenes = len(scene_ids)
    assert (found.n, found.frames) == (2 * scenes, len(train))
    assert found.open > 0
    share = found.levels[T]
    assert share.rate == Rate(scenes // 2, 2 * scenes)
    assert isinstance(share.interval, Interval)
    assert share.interval.low < 0.25 < share.interval.high
    low, middle, high = found.expected(5.0) or (0, 0, 0)
    assert low < middle == round(len(train) * share.rate.value) < high


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
