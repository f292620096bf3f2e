"""Each arm beside the run's answers to the frames' own pictures, and what follows: does the model look? Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from data.probes.arms import Arm, ArmKind
from data.probes.said import Said, is_same_words
from data.probes.words import plain_words
from data.vocabulary import TriageLevel
from eval.presentation.in_words import percent, percent_range, told, told_range
from eval.probes.paired import counted, difference
from eval.probes.result import ArmResult, Counted, Difference
from eval.probes.said import ProbedAnswers
from eval.statistics.rate import Interval, Undefined

T = TriageLevel.TELEOPERATION
OWN = "own"
NEARLY_ALL = 0.9
"""Replies that do not depend on the picture in so large a share are an alarm of their own."""
MOST_BY_ITSELF = 0.1
"""Levels that change more often where nothing was changed are worth a note."""
Verdict = Literal["looks", "not_shown", "unknown"]


def own_result(answers: ProbedAnswers, confidence: float) -> ArmResult:
    """The run's answers to the frames' own pictures, as the arms are shown."""
    return _result(OWN, None, answers.own, answers, confidence)


def arm_result(arm: Arm, answers: ProbedAnswers, confidence: float) -> ArmResult:
    """One arm beside the run's answers to the same frames."""
    return _result(arm.name, arm.strength, answers.arms[arm], answers, confidence)


def _result(
    name: str, strength: int | None, said: Mapping[str, Said], answers: ProbedAnswers, confidence: float
) -> ArmResult:
    own, scenes, truth = answers.own, answers.scenes, answers.truth
    frames = sorted(said.keys() & own.keys())
    right = {
        one: (said[one].level is truth[one], own[one].level is truth[one]) for one in frames if one in truth
    }
    missed = {one: (said[one].level is not T, own[one].level is not T) for one in right if truth[one] is T}
    mirrored = name == ArmKind.MIRRORED.value
    without = [one for one in frames if said[one].level is None]
    return ArmResult(
        arm=name,
        strength=strength,
        asked=len(frames),
        without_assessment=len(without),
        why_without=next((said[one].why_not for one in without if said[one].why_not), None),
        accuracy=counted(((scenes[one], arm) for one, (arm, _) in right.items()), confidence=confidence),
        accuracy_lost=difference(
            ((scenes[one], float(with_it) - arm) for one, (arm, with_it) in right.items()),
            confidence=confidence,
        ),
        missed=counted(((scenes[one], arm) for one, (arm, _) in missed.items()), confidence=confidence),
        missed_more=difference(
            ((scenes[one], float(arm) - with_it) for one, (arm, with_it) in missed.items()),
            confidence=confidence,
        ),
        same_level=counted(
            ((scenes[one], said[one].level is own[one].level) for one in frames), confidence=confidence
        ),
        same_words=counted(
            ((scenes[one], is_same_words(own[one], said[one], mirrored=mirrored)) for one in frames),
            confidence=confidence,
        ),
    )


def looks(arms: Mapping[str, ArmResult]) -> tuple[Verdict, str]:
    """Whether the model is shown to look, from the arm without a picture, and the sentence that says so."""
    blind = arms.get(ArmKind.NO_PICTURE.value)
    if blind is None or isinstance(blind.accuracy_lost.value, Undefined):
        return "unknown", "It was not asked without a picture about verified frames."
    lost = blind.accuracy_lost
    if not isinstance(lost.interval, Interval):
        return "unknown", f"Whether it looks cannot be told: {_of_blind(blind)}."
    if lost.interval.low > 0:
        return "looks", f"It looks: {_of_blind(blind)}."
    return "not_shown", f"It is not shown to look: {_of_blind(blind)}."


def _of_blind(blind: ArmResult) -> str:
    return (
        f"without a picture it is right about {_share(blind.accuracy)} of {blind.accuracy.n} verified frames, "
        f"with it {_points(blind.accuracy_lost)}"
    )


def _points(lost: Difference) -> str:
    return f"{told(lost.value, 'points')} points more often ({told_range(lost.interval, 'points')})"


def _share(share: Counted) -> str:
    if isinstance(share.value, Undefined):
        return str(share.value)
    known = f" ({percent_range(share.interval)})" if isinstance(share.interval, Interval) else ""
    return f"{percent(share.value)}{known}"


def alarms_of(
    verdict: Verdict, says: str, answers: ProbedAnswers, arms: Mapping[str, ArmResult]
) -> list[str]:
    """What stands in red at the top of a report."""
    found = [says] if verdict == "not_shown" else []
    replies = {(one.level, plain_words(one.words)) for one in answers.own.values()}
    if len(replies) == 1 and len(answers.own) > 1:
        found.append(f"It gives one and the same reply to all {len(answers.own)} frames.")
    blind = arms.get(ArmKind.NO_PICTURE.value)
    if blind is not None and _is_nearly_all(blind.same_words):
        alike = f"{blind.same_words.count} of {blind.same_words.n}"
        found.append(f"{alike} replies without a picture are word for word those with it.")
    other = arms.get(ArmKind.OTHER_SCENE.value)
    if other is not None and _is_not_below(other.accuracy_lost):
        found.append(
            f"It does not tell one scene from another: with the picture of another scene it is right about "
            f"{_share(other.accuracy)} of {other.accuracy.n} verified frames, with the frame's own "
            f"{_points(other.accuracy_lost)}."
        )
    return found


def _is_nearly_all(share: Counted) -> bool:
    return not isinstance(share.value, Undefined) and share.value >= NEARLY_ALL


def _is_not_below(lost: Difference) -> bool:
    return isinstance(lost.interval, Interval) and lost.interval.low <= 0


def notes_of(arms: Mapping[str, ArmResult]) -> list[str]:
    """What else a reader must know before the figures are believed."""
    again = arms.get(ArmKind.AGAIN.value)
    notes = [
        f"The arm {arm.arm} says nothing: none of its {arm.asked} answers holds an assessment"
        + (f" ({arm.why_without.rstrip('.')})." if arm.why_without else ".")
        for arm in arms.values()
        if arm.asked and arm.without_assessment == arm.asked
    ]
    if again is None:
        notes.append(
            "Nothing was asked again unchanged, so how much answers differ by themselves is not known."
        )
    elif not isinstance(again.same_level.value, Undefined) and again.same_level.value < 1 - MOST_BY_ITSELF:
        notes.append(
            f"Asked again unchanged, {again.same_level.n - again.same_level.count} of {again.same_level.n} levels are "
            "others: the model samples, or another model answers at the endpoint."
        )
    return notes
