from __future__ import annotations

from collections import Counter
from math import inf

from annotator.monitor.rules.attention import Candidate, NewestFrame, next_feed
from data.vocabulary import TriageLevel

A, S, T = TriageLevel


def served(levels: dict[str, TriageLevel | None], turns: int, *, every_s: float = 0.1) -> Counter[str]:
    """How often each feed is asked about when all have a frame waiting and one request is free every 0.1 s."""
    asked_s = dict.fromkeys(levels, -inf)
    turn: Counter[str] = Counter()
    for number in range(turns):
        now_s = number * every_s
        candidates = [Candidate(name, asked_s[name], level, True, 0) for name, level in levels.items()]
        chosen = next_feed(candidates, now_s, per_feed=1)
        assert chosen is not None
        asked_s[chosen] = now_s
        turn[chosen] += 1
    return turn


def test_a_newer_frame_takes_the_place_of_the_one_that_waits() -> None:
    place: NewestFrame[str] = NewestFrame()
    assert [place.put("first"), place.put("second"), place.put("third")] == [None, "first", "second"]
    assert (place.take(), place.take(), place.dropped) == ("third", None, 2)


def test_calm_feeds_take_turns() -> None:
    assert served({"a": A, "b": A, "c": A, "d": A}, 400) == {"a": 100, "b": 100, "c": 100, "d": 100}


def test_a_raised_feed_is_asked_about_more_often_and_starves_nobody() -> None:
    turn = served({"calm-1": A, "calm-2": A, "watched": S, "raised": T}, 800)
    assert turn["raised"] > 1.5 * turn["watched"] > 1.5 * turn["calm-1"]
    assert min(turn.values()) >= 80


def test_a_feed_of_which_nothing_is_known_is_asked_about_more_often_than_a_calm_one() -> None:
    turn = served({"calm": A, "unknown": None}, 300)
    assert turn["unknown"] > turn["calm"]


def test_a_feed_with_all_its_requests_under_way_waits() -> None:
    busy = Candidate("busy", -inf, T, is_waiting=True, under_way=2)
    idle = Candidate("idle", 9.0, A, is_waiting=True, under_way=1)
    assert next_feed([busy, idle], 10.0, per_feed=2) == "idle"
    assert next_feed([busy], 10.0, per_feed=2) is None


def test_a_feed_without_a_new_frame_is_not_asked_about() -> None:
    assert next_feed([Candidate("asleep", -inf, T, is_waiting=False, under_way=0)], 1.0, per_feed=1) is None
