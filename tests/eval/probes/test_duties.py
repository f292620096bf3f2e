from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from data.probes.arms import Arm, ArmKind, arms_named
from data.probes.duties import DUTIES
from data.probes.said import Said
from data.vocabulary import LEVELS, TriageLevel
from eval.probes.duties import duty_result
from eval.probes.result import DutyResult
from eval.probes.said import ProbedAnswers
from tests.eval.probes.answered import A, answers_of, that_looks

ARMS = arms_named(["again", "other-scene", "mirrored", "fog", "darkness", "rain", "lens-dirt"])
SHARE = 0.25
"""Of the frames that could violate a duty, what a planted violator violates: in whole scenes more than in others."""


def results(answers: ProbedAnswers, *keys: str) -> dict[str, DutyResult]:
    """What answers make of these duties, of all if none is named."""
    found = {duty.key: duty_result(duty, answers, 0.95) for duty in DUTIES if not keys or duty.key in keys}
    return {key: one for key, one in found.items() if one is not None}


def result(answers: ProbedAnswers, key: str) -> DutyResult:
    return results(answers, key)[key]


def test_a_model_that_looks_breaks_no_duty() -> None:
    found = results(answers_of(that_looks, ARMS))
    assert [one.is_broken for one in found.values()] == [False] * 7
    assert found["fog_not_lower"].rate.count == 0
    assert found["mirrored_other_side"].rate.n == 200


def lowering(kind: ArmKind, seed: int) -> ProbedAnswers:
    """A model that some scenes' weather leads to say one level less."""
    arms = arms_named(["again", kind.value])
    answers, dice = answers_of(that_looks, arms, seed=seed), Random(seed)
    prone = {
        scene: dice.betavariate(SHARE * 3, (1 - SHARE) * 3) for scene in sorted(set(answers.scenes.values()))
    }

    def lowered(frame_id: str, said: Said) -> Said:
        if said.level in (None, A) or dice.random() > prone[answers.scenes[frame_id]]:
            return said
        return replace(said, level=LEVELS[said.level.rank - 1])

    changed = {
        arm: {one: lowered(one, said) for one, said in in_arm.items()} if arm.kind is kind else in_arm
        for arm, in_arm in answers.arms.items()
    }
    return replace(answers, arms=changed)


@pytest.mark.parametrize("kind", [ArmKind.FOG, ArmKind.LENS_DIRT])
def test_a_planted_violator_is_found_with_200_frames_and_its_frames_are_named(kind: ArmKind) -> None:
    found = [result(lowering(kind, seed), f"{kind.value}_not_lower") for seed in range(8)]
    assert [one.is_broken for one in found] == [True] * 8
    assert all(one.rate.n <= 3 * 200 and len(one.frames) > 0 for one in found)
    assert ": broken. Violated in " in found[0].says
    assert "; asked again unchanged in 0 of " in found[0].says


def planted(kind: ArmKind, change: Said | None) -> ProbedAnswers:
    answers = answers_of(that_looks, ARMS)
    arms = {
        arm: {one: change or answers.own[one] for one in in_arm} if arm.kind is kind else in_arm
        for arm, in_arm in answers.arms.items()
    }
    return replace(answers, arms=arms)


def test_words_that_ignore_the_picture_break_the_duties_of_words() -> None:
    assert result(planted(ArmKind.OTHER_SCENE, None), "other_scene_other_words").is_broken
    assert result(planted(ArmKind.MIRRORED, None), "mirrored_other_side").is_broken
    assert result(planted(ArmKind.MIRRORED, Said(A)), "mirrored_same_level").is_broken


def test_what_happens_by_itself_breaks_no_duty() -> None:
    """A model that draws its level anew each time lowers it in fog as often as without."""
    dice = Random(3)

    def drawing(frame_id: str, level: TriageLevel, arm: Arm) -> Said:
        return Said(dice.choice(LEVELS), "Something.")

    found = result(answers_of(drawing, arms_named(["again", "fog"])), "fog_not_lower")
    assert found.rate.count > 100
    assert found.is_broken is False


def test_without_asking_again_a_duty_cannot_be_told_and_without_its_arms_it_is_left_out() -> None:
    found = results(answers_of(that_looks, arms_named(["fog"])))
    assert set(found) == {"fog_not_lower"}
    assert found["fog_not_lower"].is_broken is None
