"""What operators did in a shift, in the words of an evaluation of episodes."""

from __future__ import annotations

from itertools import count

import pytest

from annotator.monitor.shift_events import event_lines, shift_events
from data.live.shift import Shift
from data.store.tables import Alert, FeedChange, OperatorAnswer, Person, Watch
from data.vocabulary import LEVELS, PersonRole, Response, TriageLevel
from eval.statistics.rate import Interval, Undefined

A, S, T = LEVELS
HOUR_S = 3600
VAN, BUS = 1, 2
_numbers = count(1)


def us(seconds: float) -> int:
    return int(seconds * 1_000_000)


def a_change(feed: int, at_s: float, level: TriageLevel | None) -> FeedChange:
    return FeedChange(id=next(_numbers), watch_id=1, feed_id=feed, level=level, changed_at_us=us(at_s))


def an_alert(level: TriageLevel, at_s: float, *, feed: int = VAN, called: bool = False) -> Alert:
    return Alert(
        id=f"{next(_numbers):032x}",
        watch_id=1,
        feed_id=feed,
        level=level,
        called=called,
        raw="",
        reasoning="",
        action="",
        image_sha256="0" * 64,
        asked_at_us=us(at_s),
        captured_at_us=us(at_s),
        raised_at_us=us(at_s + 0.3),
    )


def an_answer(alert: Alert, response: Response, at_s: float) -> tuple[OperatorAnswer, Alert, Person]:
    number = next(_numbers)
    answer = OperatorAnswer(
        id=number,
        token=f"token-{number}",
        alert_id=alert.id,
        person_id=1,
        response=response,
        answered_at_us=us(at_s),
    )
    return answer, alert, Person(name="olga", display_name="Olga", role=PersonRole.OPERATOR, created_at_us=0)


def a_shift(
    *changes: FeedChange, answers: list[tuple[OperatorAnswer, Alert, Person]], start_s: float = 0.0
) -> Shift:
    """One watch of an hour; every alert is one that was answered."""
    watch = Watch(
        id=1,
        run_id="run",
        endpoint="",
        limits={},
        listens_at="",
        started_at_us=0,
        seen_at_us=us(HOUR_S),
        ended_at_us=us(HOUR_S),
    )
    alerts = list({alert.id: alert for _, alert, _ in answers}.values())
    return Shift(us(start_s), us(HOUR_S), [watch], [], alerts, answers, [], list(changes), set(), set())


def test_a_situation_is_called_in_time_where_the_call_comes_before_the_takeover_or_two_seconds_after_it() -> (
    None
):
    early, unasked, late, never = (
        an_alert(T, 100.0),
        an_alert(A, 500.0, called=True),
        an_alert(S, 900.0),
        an_alert(A, 2000.0, called=True),
    )
    answers = [
        an_answer(early, Response.TAKEN_OVER, 104.0),
        an_answer(unasked, Response.TAKEN_OVER, 501.0),
        an_answer(late, Response.TAKEN_OVER, 903.0),
        an_answer(never, Response.TAKEN_OVER, 2001.0),
        an_answer(an_alert(S, 2000.0), Response.TAKEN_OVER, 2030.0),  # the same situation
    ]
    changes = [
        a_change(VAN, 0.0, A),
        a_change(VAN, 502.5, T),
        a_change(VAN, 600.0, A),
        a_change(VAN, 913.0, T),
    ]
    found = shift_events(a_shift(*changes, answers=answers))
    assert (found.called_in_time.count, found.called.count, found.episodes) == (2, 3, 4)
    assert found.seconds.value == (-4.0 + 1.5 + 10.0) / 3


def test_only_an_alert_that_everybody_calls_needless_is_false() -> None:
    mixed = an_alert(T, 300.0)
    answers = [
        an_answer(an_alert(T, 100.0), Response.NOT_NEEDED, 102.0),
        an_answer(an_alert(S, 200.0), Response.NOT_NEEDED, 202.0),
        an_answer(mixed, Response.NOT_NEEDED, 302.0),
        an_answer(mixed, Response.WATCHING, 303.0),
    ]
    found = shift_events(a_shift(a_change(VAN, 0.0, A), answers=answers))
    assert (found.false_alarms.count, found.episodes) == (1, 0)
    assert found.false_alarms.exposure == 1.0
    assert event_lines(found)[0] == "0 episodes taken over; called in time: nothing was taken over"


def test_changes_count_between_levels_that_could_be_trusted_and_only_in_the_shift() -> None:
    changes = [
        *(
            a_change(VAN, at_s, level)
            for at_s, level in ((0, A), (700, T), (800, None), (1000, S), (2200, A))
        ),
        a_change(BUS, 1200.0, None),
    ]
    found = shift_events(a_shift(*changes, answers=[], start_s=600.0))
    assert found.changes.count == 2
    assert found.changes.exposure == pytest.approx((HOUR_S - 600 - 200) / 60)
    assert isinstance(found.changes.interval, Undefined)
    assert "no interval: too few quarter-hours of one feed" in event_lines(found)[2]


def test_enough_quarter_hours_give_intervals() -> None:
    changes = [a_change(feed, at_s, level) for feed in range(1, 6) for at_s, level in ((0, A), (feed, S))]
    found = shift_events(a_shift(*changes, answers=[]))
    assert (found.scenes, found.feed_hours) == (20, 5.0)
    assert isinstance(found.changes.interval, Interval)
    assert found.changes.interval.low < 5 / 300 < found.changes.interval.high
