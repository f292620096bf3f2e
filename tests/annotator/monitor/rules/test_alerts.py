from __future__ import annotations

import pytest

from annotator.monitor.rules.alerts import Change, Placed, change_of, in_order
from annotator.monitor.rules.brief import brief_action, brief_reason
from data.vocabulary import AlertEnd, Response, TriageLevel

A, S, T = TriageLevel


@pytest.mark.parametrize(
    ("before", "now", "alerted", "held", "expected"),
    [
        (A, S, None, A, Change.OPEN),
        (None, T, None, S, Change.OPEN),
        (S, T, S, S, Change.RISE),
        (T, S, T, T, Change.NONE),
        (S, T, T, S, Change.NONE),
        (S, A, S, S, Change.CALM),
        (None, A, None, S, Change.NONE),
        (None, A, T, T, Change.CALM),
        (None, A, T, A, Change.NONE),  # taken over without an alert
        (T, None, T, T, Change.NONE),
        (S, S, S, S, Change.NONE),
    ],
)
def test_a_change_of_level(
    before: TriageLevel | None,
    now: TriageLevel | None,
    alerted: TriageLevel | None,
    held: TriageLevel,
    expected: Change,
) -> None:
    assert change_of(before, now, alerted, held) is expected


def test_the_highest_unwatched_newly_changed_oldest_alert_comes_first() -> None:
    alerts = [
        Placed(1, S, raised_s=0.0, changed_s=0.0),
        Placed(2, T, raised_s=50.0, changed_s=50.0),
        Placed(3, T, raised_s=10.0, changed_s=10.0, is_watched=True),
        Placed(4, T, raised_s=20.0, changed_s=95.0),
        Placed(5, T, raised_s=40.0, changed_s=40.0),
        Placed(6, S, raised_s=98.0, changed_s=98.0),
    ]
    assert in_order(alerts, 100.0) == [4, 5, 2, 3, 6, 1]


def test_alerts_of_one_cause_stand_together_where_the_first_of_them_belongs() -> None:
    alerts = [
        Placed(1, T, raised_s=10.0, changed_s=10.0, cause="officer"),
        Placed(2, T, raised_s=20.0, changed_s=20.0, cause="blocked"),
        Placed(3, T, raised_s=30.0, changed_s=30.0, cause="officer"),
        Placed(4, S, raised_s=1.0, changed_s=1.0, cause="officer"),
        Placed(5, T, raised_s=40.0, changed_s=40.0, is_watched=True, cause="officer"),
    ]
    assert in_order(alerts, 100.0) == [1, 3, 2, 5, 4]


def test_only_watching_leaves_an_alert_open() -> None:
    ends = {response: response.end for response in Response}
    assert ends == {
        Response.TAKEN_OVER: AlertEnd.TAKEN_OVER,
        Response.NOT_NEEDED: AlertEnd.NOT_NEEDED,
        Response.WATCHING: None,
    }


def test_a_reason_is_two_sentences_and_forty_words_at_most() -> None:
    long = "word " * 60
    assert len(brief_reason(long).removesuffix(" …").split()) == 40
    assert brief_reason("One.  Two!\nThree?") == "One. Two!"
    assert brief_reason("") == ""


def test_an_action_is_one_sentence() -> None:
    assert brief_action("Take over now. Then call the depot.") == "Take over now."
