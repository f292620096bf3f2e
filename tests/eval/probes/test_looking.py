from __future__ import annotations

from data.probes.arms import Arm, ArmKind, arms_named
from data.probes.said import Said
from data.vocabulary import TriageLevel
from eval.probes.looking import Verdict, alarms_of, arm_result, looks, notes_of
from eval.probes.result import ArmResult
from eval.probes.said import ProbedAnswers
from eval.statistics.rate import Interval
from tests.eval.builders import near
from tests.eval.probes.answered import A, S, T, answers_of, that_looks

WHOLE = arms_named(["again", "no-picture", "other-scene", "mirrored"])


def judged(answers: ProbedAnswers) -> tuple[Verdict, list[str], dict[str, ArmResult]]:
    arms = {arm.name: arm_result(arm, answers, 0.95) for arm in answers.arms}
    verdict, says = looks(arms)
    return verdict, alarms_of(verdict, says, answers, arms), arms


def constant(frame_id: str, level: TriageLevel, arm: Arm) -> Said:
    return Said(A, "All is well.")


def without_looking(frame_id: str, level: TriageLevel, arm: Arm) -> Said:
    """Guesses by the frame's number, whatever is shown."""
    return Said((A, S, T)[int(frame_id[-1]) % 3], f"Something at {int(frame_id[-1])} m.")


def test_a_model_that_looks_is_shown_to_and_alarms_nobody() -> None:
    verdict, alarms, arms = judged(answers_of(that_looks, WHOLE))
    assert (verdict, alarms) == ("looks", [])
    lost = arms["no-picture"].accuracy_lost
    assert lost.value == near(1 - arms["no-picture"].accuracy.count / 200)
    assert isinstance(lost.interval, Interval)
    assert lost.interval.low > 0.4
    assert arms["mirrored"].same_words.value == 1.0  # but for left and right


def test_a_constant_model_is_exposed_in_words() -> None:
    verdict, alarms, _ = judged(answers_of(constant, WHOLE))
    assert verdict == "not_shown"
    assert alarms[0].startswith("It is not shown to look: without a picture it is right about ")
    assert alarms[1] == "It gives one and the same reply to all 200 frames."
    assert alarms[2] == "200 of 200 replies without a picture are word for word those with it."
    assert alarms[3].startswith("It does not tell one scene from another: ")


def test_a_model_that_reads_the_text_alone_is_exposed_in_words() -> None:
    verdict, alarms, _ = judged(answers_of(without_looking, WHOLE))
    assert verdict == "not_shown"
    assert "one and the same reply" not in " ".join(alarms)
    assert "200 of 200 replies without a picture are word for word those with it." in alarms


def test_with_few_scenes_nothing_is_concluded_and_it_is_said_why() -> None:
    answers = answers_of(that_looks, WHOLE, scenes=9)
    verdict, says = looks({"no-picture": arm_result(Arm(ArmKind.NO_PICTURE), answers, 0.95)})
    assert verdict == "unknown"
    assert "9 scenes hold such frames, 10 are needed" in says


def test_missed_teleoperation_and_answers_without_assessment_are_counted_by_arm() -> None:
    def gone_in_fog(frame_id: str, level: TriageLevel, arm: Arm) -> Said:
        fails = arm.kind is ArmKind.FOG and level is T
        return Said(None, "", "cut off") if fails else that_looks(frame_id, level, arm)

    answers = answers_of(gone_in_fog, arms_named(["again", "fog-3"]))
    result = arm_result(Arm(ArmKind.FOG, 3), answers, 0.95)
    of_level = sum(level is T for level in answers.truth.values())
    assert (result.missed.count, result.missed.n, result.without_assessment) == (of_level,) * 3
    assert (result.missed_more.value, result.why_without) == (1.0, "cut off")


def test_answers_that_differ_by_themselves_and_arms_that_were_refused_are_noted() -> None:
    def unsteady(frame_id: str, level: TriageLevel, arm: Arm) -> Said:
        if arm.kind is ArmKind.LEVELS_REVERSED:
            return Said(None, "", "Another question.")
        return that_looks(frame_id, level, arm)

    arms = arms_named(["again", "levels-reversed"])
    answers = answers_of(unsteady, arms)
    moved = {one: Said(LEVEL_AFTER[said.level or A], said.words) for one, said in answers.own.items()}
    answers = ProbedAnswers(moved, answers.arms, answers.truth, answers.scenes)
    notes = notes_of({arm.name: arm_result(arm, answers, 0.95) for arm in arms})
    assert notes[0] == (
        "The arm levels-reversed says nothing: none of its 200 answers holds an assessment (Another question)."
    )
    assert notes[1].startswith("Asked again unchanged, 200 of 200 levels are others")


LEVEL_AFTER = {A: S, S: T, T: A}
