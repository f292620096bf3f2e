"""How often a run violates each duty, and whether it is shown to break it. Pure.

A run breaks a duty where violations are shown to be more than answers differ by themselves; where words must change,
more than a tolerated share.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.probes.arms import Arm, ArmKind
from data.probes.duties import Duty, violations
from eval.presentation.in_words import percent, percent_range
from eval.probes.paired import counted, difference
from eval.probes.result import Counted, Difference, DutyResult
from eval.probes.said import ProbedAnswers
from eval.statistics.rate import Interval, Undefined

MOST_FRAMES = 200
TOLERATED = 0.05
"""Words that stay the same for so many pictures of other scenes may be right: two roads can be alike."""
AGAIN = Arm(ArmKind.AGAIN)


def duty_result(duty: Duty, answers: ProbedAnswers, confidence: float) -> DutyResult | None:
    """What a run makes of a duty; None where no arm of it was asked."""
    found = [(one, hit) for arm in duty.arms for one, hit in _events(duty, answers, arm)]
    if not any(arm in answers.arms for arm in duty.arms):
        return None
    scenes = answers.scenes
    rate = counted(((scenes[one], hit) for one, hit in found), confidence=confidence)
    again = _events(duty, answers, AGAIN) if duty.by_itself and AGAIN in answers.arms else []
    by_itself = counted(((scenes[one], hit) for one, hit in again), confidence=confidence) if again else None
    excess = _excess(found, dict(again), scenes, confidence) if again else None
    is_broken = _is_broken(rate, excess, duty)
    violating = sorted({one for one, hit in found if hit})
    return DutyResult(
        key=duty.key,
        title=duty.title,
        text=duty.text,
        rate=rate,
        by_itself=by_itself,
        excess=excess,
        tolerated=0.0 if duty.by_itself else TOLERATED,
        is_broken=is_broken,
        says=_says(duty, rate, by_itself, is_broken),
        frames=violating[:MOST_FRAMES],
        left_out=max(0, len(violating) - MOST_FRAMES),
    )


def _events(duty: Duty, answers: ProbedAnswers, arm: Arm) -> list[tuple[str, bool]]:
    return violations(duty, answers.own, answers.arms.get(arm, {}))


def _excess(
    found: list[tuple[str, bool]], again: Mapping[str, bool], scenes: Mapping[str, str], confidence: float
) -> Difference:
    """Violations beyond those of the same frames asked again, a frame's strengths together."""
    by_frame: dict[str, list[bool]] = {}
    for one, hit in found:
        if one in again:
            by_frame.setdefault(one, []).append(hit)
    return difference(
        ((scenes[one], sum(hits) / len(hits) - again[one]) for one, hits in by_frame.items()),
        confidence=confidence,
    )


def _is_broken(rate: Counted, excess: Difference | None, duty: Duty) -> bool | None:
    if duty.by_itself and excess is None:
        return None
    interval = excess.interval if excess is not None else rate.interval
    if not isinstance(interval, Interval):
        return None
    return interval.low > (0.0 if duty.by_itself else TOLERATED) and rate.count > 0


def _says(duty: Duty, rate: Counted, by_itself: Counted | None, is_broken: bool | None) -> str:
    if isinstance(rate.value, Undefined):
        return f"{duty.title}: {rate.value.reason}."
    known = percent_range(rate.interval) if isinstance(rate.interval, Interval) else rate.interval.reason
    beside = f"; asked again unchanged in {by_itself.count} of {by_itself.n}" if by_itself else ""
    word = {True: "broken", False: "not shown to be broken", None: "cannot be told"}[is_broken]
    return (
        f"{duty.title}: {word}. Violated in {rate.count} of {rate.n} answers, {percent(rate.value)} "
        f"({known}){beside}."
    )
