from __future__ import annotations

import numpy as np
import pytest

from eval.coverage.need import NOTHING_DRAWN, ScenarioCount, by_need, covered, with_more
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import scene_interval


def a_count(
    key: str = "fog", drawn: tuple[tuple[int, int], ...] = ((1, 4), (1, 6)), **more: int
) -> ScenarioCount:
    """Everything that was drawn is verified, and nothing else."""
    table = np.array(drawn, dtype=np.int64).reshape(-1, 2)
    teleoperation, verified = table.sum(0).tolist()
    return ScenarioCount(
        key=key,
        title=key.title(),
        frames=50,
        sampled=50,
        verified=verified,
        teleoperation=teleoperation,
        scenes=len(table),
        drawn=table,
        **more,
    )


def test_a_scenario_has_its_counts_and_an_interval_over_scenes() -> None:
    found = covered(a_count(drawn=((1, 4), (1, 6)) * 10, asked=2, missed=1))
    assert found.share == Rate(20, 100)
    assert isinstance(found.wilson, Interval)
    assert (round(found.wilson.low, 4), round(found.wilson.high, 4)) == (0.1334, 0.2888)
    assert found.interval == scene_interval([1] * 20, [4, 6] * 10)
    assert found.width_after < found.width
    assert found.missed == Rate(1, 2)


def test_what_was_never_drawn_has_a_reason_and_the_widest_interval() -> None:
    found = covered(a_count(drawn=()))
    assert (found.share, found.interval, found.width) == (NOTHING_DRAWN, NOTHING_DRAWN, 1.0)
    assert isinstance(found.missed, Undefined)
    assert round(found.width_after, 3) == 0.192


def test_few_scenes_give_no_interval() -> None:
    found = covered(a_count(drawn=((1, 4),) * 9))
    assert found.interval == Undefined("9 scenes hold such frames, 10 are needed")
    assert found.width == 1.0


@pytest.mark.parametrize(
    ("share", "expected"),
    [(Rate(0, 3), Rate(0, 103)), (Rate(1, 4), Rate(26, 104)), (NOTHING_DRAWN, Rate(50, 100))],
)
def test_a_hundred_more_frames_are_like_those_there_are(share: Rate | Undefined, expected: Rate) -> None:
    assert with_more(share) == expected


def test_need_follows_fewest_teleoperation_widest_interval_and_most_missed() -> None:
    counts = [
        a_count("plenty", ((30, 100), (20, 100)) * 6, asked=10, missed=0),
        a_count("missed", ((30, 100), (20, 100)) * 6, asked=10, missed=9),
        a_count("scarce", ((1, 5), (0, 5))),
        a_count("nothing", ()),
    ]
    placed = by_need(counts)
    assert [(one.need, one.count.key) for one in placed] == [
        (1, "nothing"),
        (2, "scarce"),
        (3, "missed"),
        (4, "plenty"),
    ]


def test_equal_scenarios_keep_the_order_of_the_catalogue() -> None:
    assert [one.count.key for one in by_need([a_count("b"), a_count("a")])] == ["b", "a"]
