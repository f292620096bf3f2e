from __future__ import annotations

from annotator.monitor.rules.capacity import Cost, carried, feeds_held
from annotator.monitor.rules.limits import Limits
from data.vocabulary import TriageLevel

A, S, T = TriageLevel


def test_the_endpoint_or_the_core_says_how_many_feeds_are_held() -> None:
    limits = Limits(at_once=50, renew_s=1.0)
    assert feeds_held(Cost(service_s=1.0, cpu_s=0.001), limits) == 50
    assert feeds_held(Cost(service_s=0.1, cpu_s=0.0085), limits) == 100
    assert feeds_held(Cost(service_s=100.0, cpu_s=0.001), limits) == 1


def test_of_five_hundred_feeds_the_raised_ones_and_the_first_listed_are_held() -> None:
    feeds: list[tuple[str, TriageLevel | None]] = [(f"van-{number:03}", A) for number in range(500)]
    feeds[400] = ("van-400", T)
    feeds[450] = ("van-450", S)
    held = carried(feeds, 50)
    assert len(held) == 50
    assert {"van-400", "van-450", "van-000", "van-047"} <= held
    assert "van-048" not in held


def test_nothing_is_left_out_while_there_is_room() -> None:
    assert carried([("a", None), ("b", A)], 10) == {"a", "b"}
