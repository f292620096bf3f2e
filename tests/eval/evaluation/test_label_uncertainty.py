"""What the labels leave open is carried into the figures, and people are held against the same as the runs."""

from __future__ import annotations

import numpy as np
import pytest

from data.vocabulary import TriageLevel
from eval.comparison.claim import Claimed
from eval.evaluation.label_draws import OPEN, Patterns, level_chances
from eval.evaluation.label_uncertainty import label_uncertainty
from eval.evaluation.reference import ContestedFrame, ReferenceFrame
from eval.metrics.shares import MISSED_TELEOPERATION, RECALL
from eval.statistics.imputed_share import pooled_interval
from eval.statistics.rate import Undefined
from eval.statistics.scene_share import scene_interval
from tests.eval.builders import A_METHOD, A, S, T, some_answers

SUPERVISION = RECALL[S].key


def a_frame(
    place: int, level: TriageLevel, own: tuple[TriageLevel, ...], adjudicated: TriageLevel | None = None
) -> ReferenceFrame:
    return ReferenceFrame(f"f{place}", f"s{place % 10}", level, "", "", own=own, adjudicated=adjudicated)


def test_one_draw_or_equal_draws_give_the_interval_of_a_share_over_scenes() -> None:
    events, frames = np.array([[0.0, 2, 1, 0, 0, 3, 0, 0, 1, 0, 0, 0]]), np.full((1, 12), 5.0)
    plain = scene_interval(events[0], frames[0])
    for times in (1, 7):
        pooled = pooled_interval(events.repeat(times, axis=0), frames.repeat(times, axis=0), confidence=0.95)
        assert (pooled.low, pooled.high) == pytest.approx((plain.low, plain.high), abs=1e-6)  # type: ignore[union-attr]
    none = pooled_interval(np.zeros((3, 12)), np.full((3, 12), 5.0), confidence=0.95)
    assert none.low == 0.0
    assert none.high == pytest.approx(scene_interval([0] * 12, [5] * 12).high, abs=1e-6)  # type: ignore[union-attr]


def test_draws_that_differ_give_a_wider_interval_than_any_of_them() -> None:
    frames = np.full((2, 12), 5.0)
    few, many = np.arange(12.0) % 2, np.arange(12.0) % 3
    apart = pooled_interval(np.stack([few, many]), frames, confidence=0.95)
    alone = [scene_interval(one, frames[0]) for one in (few, many)]
    assert apart.low < max(one.low for one in alone if not isinstance(one, Undefined))
    assert apart.high > min(one.high for one in alone if not isinstance(one, Undefined))


def test_what_both_overlooked_is_estimated_from_what_one_overlooked() -> None:
    """Everybody sees 8 of 10 TELEOPERATION and errs on nothing else: of 1,000 such frames both see 640, one 320 and
    nobody 40, which stand among 10,000 agreed AUTONOMY frames."""
    ratings = np.array([[2.0, 0, 0], [1.0, 0, 1], [0.0, 0, 2]])
    patterns = Patterns(ratings, np.array([OPEN, T.rank, OPEN]), np.empty(0, dtype=np.int64))
    counts = np.array([[10_040.0, 320.0, 640.0]])
    (chances,) = level_chances(patterns, counts)
    assert 10_040 * chances[0, T.rank] == pytest.approx(40, abs=1)
    assert chances[1].tolist() == [0.0, 0.0, 1.0]
    assert chances[2, T.rank] > 0.999


def test_without_a_disagreement_the_levels_are_hardly_in_doubt() -> None:
    patterns = Patterns(2 * np.eye(3), np.full(3, OPEN), np.empty(0, dtype=np.int64))
    (chances,) = level_chances(patterns, np.array([[500.0, 300.0, 100.0]]))
    assert chances.diagonal().min() > 0.9999


def test_contested_frames_bound_every_figure_and_one_reviewer_is_held_against_the_rest() -> None:
    levels = [T] * 10 + [A] * 10
    said = [T] * 8 + [A] * 2 + [A] * 10
    own = [(T, T)] * 9 + [(T, A)] + [(A, A)] * 10
    frames = [
        a_frame(place, level, both, T if both == (T, A) else None)
        for place, (level, both) in enumerate(zip(levels, own, strict=True))
    ]
    contested = [
        ContestedFrame("c1", "s1", frozenset({A, T}), (A, T)),
        ContestedFrame("c2", "s2", frozenset({A, S}), (A, S)),
    ]
    run = some_answers(levels, said)
    held = {"run": Claimed(run.per_scene(), [(1, frozenset({A, T}), A.rank), (2, frozenset({A, S}), A.rank)])}
    found = label_uncertainty(frames, contested, [run], held, A_METHOD)
    ends = {one.figure: (one.low, one.high) for one in found.shares}
    assert ends[MISSED_TELEOPERATION.key] == (2 / 10, 3 / 11)
    assert ends[RECALL[T].key] == (8 / 11, 8 / 10)
    assert ends[RECALL[A].key] == (1.0, 1.0)
    assert ends[SUPERVISION] == (0.0, Undefined("no true SUPERVISION"))
    ceiling = found.ceilings[T.rank]
    # the nine agreed frames twice, the settled one twice, and the contested one held against the other person
    assert (ceiling.count, ceiling.n) == (19, 21)
    assert ceiling.runs == {"run": 16}
    assert [one.interval for one in found.shares if one.figure == SUPERVISION] == [
        Undefined("no scenes hold such frames, 10 are needed")
    ]
