from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from annotator.monitor.rules.fail_safe import Signs, manual_reason
from annotator.monitor.rules.limits import PROMISE_S, Limits
from data.vocabulary import ManualReason

LIMITS = Limits()
HEALTHY = Signs(started_s=0.0, picture_s=9.9, looked_s=9.9, answer_s=9.8, asked_s=9.9)


def reason(now_s: float = 10.0, **changes: Any) -> ManualReason | None:
    return manual_reason(replace(HEALTHY, **changes), now_s, LIMITS)


def test_a_feed_with_pictures_and_answers_is_trusted() -> None:
    assert reason() is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"picture_s": 8.2}, ManualReason.NO_PICTURE),
        ({"looked_s": 8.2, "unreadable_s": 9.9}, ManualReason.UNREADABLE),
        ({"looked_s": 8.2}, ManualReason.NOT_CARRIED),
        ({"is_black": True}, ManualReason.BLACK),
        ({"still_since_s": 8.5, "still_frames": 4}, ManualReason.FROZEN),
        ({"clock_apart_s": -3600.0}, ManualReason.CLOCKS_APART),
        ({"answer_s": 8.2, "gone_s": 9.9}, ManualReason.ENDPOINT_GONE),
        ({"answer_s": 8.2, "wrong_s": 9.9}, ManualReason.ANSWERS_WRONG),
        ({"answer_s": 8.2, "late_s": 9.9}, ManualReason.ENDPOINT_SLOW),
        ({"answer_s": 8.2, "asked_s": 8.2}, ManualReason.ENDPOINT_SLOW),
        ({"answer_s": 8.2, "asked_s": None}, ManualReason.NO_ANSWER),
        ({"is_carried": False}, ManualReason.NOT_CARRIED),
        ({"started_s": 9.5, "answer_s": float("-inf")}, ManualReason.STARTING),
    ],
)
def test_whatever_fails_is_named(changes: dict[str, Any], expected: ManualReason) -> None:
    assert reason(**changes) is expected


def test_two_equal_pictures_are_not_frozen_yet() -> None:
    assert reason(still_since_s=8.0, still_frames=2) is None


def test_one_bad_reply_among_good_ones_costs_no_trust() -> None:
    assert reason(wrong_s=9.95, gone_s=9.9) is None


def test_everything_is_said_within_two_seconds() -> None:
    assert reason(10.0 + PROMISE_S - 0.1, picture_s=11.8, looked_s=11.8, answer_s=10.0) is not None
    assert reason(10.0 + PROMISE_S - 0.1, picture_s=10.0, answer_s=11.8) is not None
    still: dict[str, Any] = {
        "picture_s": 11.8,
        "looked_s": 11.8,
        "answer_s": 11.8,
        "still_since_s": 10.0,
        "still_frames": 4,
    }
    assert reason(10.0 + PROMISE_S - 0.1, **still) is ManualReason.FROZEN


def test_recovery_needs_nothing_but_a_picture_and_an_answer() -> None:
    assert reason(answer_s=8.0, gone_s=9.0) is ManualReason.ENDPOINT_GONE
    assert reason(answer_s=9.9, gone_s=9.0) is None


def test_a_feed_of_one_frame_a_minute_is_trusted_for_moments_and_watched_by_eye_otherwise() -> None:
    came = {"picture_s": 60.0, "looked_s": 60.0, "answer_s": 60.3, "asked_s": None}
    assert reason(61.0, **came) is None
    assert reason(62.0, **came) is ManualReason.NO_PICTURE
    assert reason(119.0, **came) is ManualReason.NO_PICTURE
