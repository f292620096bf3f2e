"""Planted episodes come back exactly, and their figures cover."""

from __future__ import annotations

import numpy as np
import pytest

from data.vocabulary import LEVELS, TriageLevel
from eval.episodes.episodes import Episode, Moment, SceneEvents, find_episodes
from eval.episodes.figures import event_figures, rate
from eval.statistics.rate import Interval, Undefined

A, S, T = LEVELS
LETTERS: dict[str, TriageLevel | None] = {"A": A, "S": S, "T": T, ".": None}


def a_scene(verified: str, said: str, *, name: str = "scene-1", step_s: float = 0.5) -> list[Moment]:
    """A letter per frame: what people verified and what the run said, `.` for neither."""
    pairs = enumerate(zip(verified, said, strict=True))
    return [Moment(name, n, n * step_s, LETTERS[true], LETTERS[call]) for n, (true, call) in pairs]


@pytest.mark.parametrize(
    ("verified", "said", "expected"),
    [
        ("AATTTA", "AAATTA", [(2, 3, 0.5, False)]),
        ("AATTTA", "ATTTTA", [(2, 3, -0.5, False)]),
        ("AATTTA", "TATTTA", [(2, 3, 0.0, False)]),
        ("TTTAAA", "ATTAAA", [(0, 3, 0.5, True)]),
        ("AATTTA", "AAAAAA", [(2, 3, None, False)]),
        ("ATATTA", "ATAAAA", [(1, 1, 0.0, False), (3, 2, None, False)]),
        ("ATT.TT", "AAATTT", [(1, 2, None, False), (4, 2, -0.5, False)]),
    ],
)
def test_an_episode_is_verified_frames_in_a_row_and_its_first_call_may_come_before_it(
    verified: str, said: str, expected: list[tuple[int, int, float | None, bool]]
) -> None:
    (found,) = find_episodes(a_scene(verified, said))
    told = [(round(one.start_s / 0.5), one.frames, one.called_after_s, one.is_cut) for one in found.episodes]
    assert told == expected


@pytest.mark.parametrize(
    ("verified", "said", "false_alarms"),
    [("AAAAAA", "ATTATA", 2), ("AATTAA", "ATTTTA", 0), ("......", "ATTTTA", 0), ("A.....", "TTTATA", 1)],
)
def test_a_false_alarm_is_calls_in_a_row_without_a_teleoperation(
    verified: str, said: str, false_alarms: int
) -> None:
    (found,) = find_episodes(a_scene(verified, said))
    assert found.false_alarms == false_alarms


def test_a_missing_frame_breaks_everything_that_is_in_a_row() -> None:
    frames = a_scene("TTTTTT", "TTTTTT")
    (found,) = find_episodes([one for one in frames if one.position != 3])
    assert [(one.frames, one.is_cut) for one in found.episodes] == [(3, True), (2, True)]
    assert found.seconds == pytest.approx(2.5)


def test_planted_episodes_are_recovered_exactly() -> None:
    """Two hundred scenes with episodes, calls and false alarms at places that are known."""
    rng, planted, moments = np.random.default_rng(4), [], []
    for n in range(200):
        name, true, said = f"scene-{n:03d}", np.full(40, "A"), np.full(40, "A")
        starts = sorted(rng.choice([3, 15, 27], size=rng.integers(0, 4), replace=False).tolist())
        episodes = []
        for start in starts:
            length, late = int(rng.integers(2, 7)), int(rng.integers(-2, 8))
            true[start : start + length] = "T"
            if late < length:
                said[start + late : start + length] = "T"
            called = 0.5 * late if late < length else None
            last = start + length - 1
            episodes.append(Episode(name, 0.5 * start, 0.5 * last, length, called, is_cut=False))
        alarms = int(rng.integers(0, 2))
        said[38] = "T" if alarms else "A"
        changes = int((said[1:] != said[:-1]).sum())
        planted.append(SceneEvents(name, tuple(episodes), alarms, changes, 20.0))
        moments += a_scene("".join(true), "".join(said), name=name)
    assert find_episodes(moments) == planted


def test_figures_add_up_and_carry_intervals_over_scenes() -> None:
    scenes = [
        one
        for n in range(12)
        for one in find_episodes(
            a_scene("AATTTAAAAA", "AAATTAATAA" if n % 2 else "AAAAAAAAAA", name=f"s{n:02d}")
        )
    ]
    found = event_figures(scenes, in_time_s=1.0)
    assert (found.episodes, found.scenes, found.called.count) == (12, 12, 6)
    assert found.called_in_time.value == 0.5
    assert isinstance(found.called_in_time.interval, Interval)
    assert found.called_in_time.interval.low < 0.5 < found.called_in_time.interval.high
    assert found.false_alarms.count == 6
    assert found.false_alarms.exposure == pytest.approx(12 * 5 / 3600)
    assert isinstance(found.false_alarms.interval, Interval)
    few = event_figures(scenes[:4])
    assert isinstance(few.called.interval, Undefined)
    assert isinstance(few.seconds.interval, Undefined)


def test_no_event_in_ten_hours_still_allows_three_per_ten_hours() -> None:
    found = rate([0] * 20, np.full(20, 0.5))
    assert isinstance(found.interval, Interval)
    assert (found.value, round(found.interval.low, 2), round(found.interval.high, 3)) == (0.0, 0.0, 0.369)


@pytest.mark.parametrize(("per_scene", "heap"), [(0.2, 1), (1.0, 1), (1.0, 3)])
def test_the_interval_of_a_rate_covers_where_events_come_in_heaps(per_scene: float, heap: int) -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(400):
        events = heap * rng.poisson(per_scene / heap, 60)
        found = rate(events.tolist(), np.full(60, 1.0)).interval
        assert isinstance(found, Interval)
        held += found.low <= per_scene <= found.high
    assert held / 400 >= 0.93
