"""When a feed must be watched by eye, and why. Pure.

One rule carries the promise: a feed is trusted only while an answer that can be used arrived within
`manual_after_s`, and only while its pictures are alive. Everything else here names the reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from annotator.monitor.rules.limits import Limits
from data.vocabulary import ManualReason

NEVER = float("-inf")


@dataclass(slots=True)
class Signs:
    """What was last seen of a feed, in seconds of one steady clock; NEVER where it was not seen yet.

    `picture_s`: a picture came; `looked_s`, `unreadable_s`: one was decoded, or could not be. `still_since_s`: since
    when the picture has not changed (None: it moves). `answer_s`: the last answer that could be used; `wrong_s`,
    `late_s`, `gone_s`: the last reply without an assessment, the last answer that came too late, the last request
    that reached nobody. `asked_s`: the oldest request still under way.
    """

    started_s: float
    is_carried: bool = True
    picture_s: float = NEVER
    looked_s: float = NEVER
    unreadable_s: float = NEVER
    is_black: bool = False
    still_since_s: float | None = None
    still_frames: int = 0
    clock_apart_s: float = 0.0
    asked_s: float | None = None
    answer_s: float = NEVER
    wrong_s: float = NEVER
    late_s: float = NEVER
    gone_s: float = NEVER


STILL_FRAMES = 3


def manual_reason(signs: Signs, now_s: float, limits: Limits) -> ManualReason | None:
    """Why this feed needs a person's eyes now; None while what is shown of it may be trusted."""
    return _camera_reason(signs, now_s, limits) or _answer_reason(signs, now_s, limits)


def _camera_reason(signs: Signs, now_s: float, limits: Limits) -> ManualReason | None:
    if not signs.is_carried:
        return ManualReason.NOT_CARRIED
    if now_s - max(signs.picture_s, signs.started_s) >= limits.manual_after_s:
        return ManualReason.NO_PICTURE
    if now_s - max(signs.looked_s, signs.started_s) >= limits.manual_after_s:
        # pictures come and nobody has seen whether they are alive: broken, or too many to look at
        is_broken = signs.unreadable_s > signs.looked_s
        return ManualReason.UNREADABLE if is_broken else ManualReason.NOT_CARRIED
    if signs.is_black:
        return ManualReason.BLACK
    still_s = now_s - signs.still_since_s if signs.still_since_s is not None else 0.0
    if signs.still_frames >= STILL_FRAMES and still_s >= limits.frozen_s:
        return ManualReason.FROZEN
    return ManualReason.CLOCKS_APART if abs(signs.clock_apart_s) > limits.clock_s else None


def _answer_reason(signs: Signs, now_s: float, limits: Limits) -> ManualReason | None:
    if now_s - signs.answer_s < limits.manual_after_s:
        return None
    bad = {
        ManualReason.ENDPOINT_GONE: signs.gone_s,
        ManualReason.ANSWERS_WRONG: signs.wrong_s,
        ManualReason.ENDPOINT_SLOW: signs.late_s,
    }
    latest = max(bad, key=lambda reason: bad[reason])
    if bad[latest] > signs.answer_s:
        return latest
    if now_s - signs.started_s < limits.manual_after_s or signs.picture_s == NEVER:
        return ManualReason.STARTING
    is_waiting = signs.asked_s is not None and now_s - signs.asked_s >= limits.manual_after_s
    return ManualReason.ENDPOINT_SLOW if is_waiting else ManualReason.NO_ANSWER
