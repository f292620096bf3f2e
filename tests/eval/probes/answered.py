"""Answers to probes of runs whose ways are known: one that looks, one that does not, one that breaks a duty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from data.probes.arms import Arm, ArmKind
from data.probes.said import Said
from data.vocabulary import LEVELS, TriageLevel
from eval.probes.said import ProbedAnswers

A, S, T = LEVELS
Says = Callable[[str, TriageLevel, Arm], Said]
"""What is answered of a frame whose true level is known, in an arm."""


def words_of(frame_id: str, level: TriageLevel) -> str:
    return f"At {frame_id} there is something on the left that makes it {level.value}."


def that_looks(frame_id: str, level: TriageLevel, arm: Arm) -> Said:
    """Always right, and AUTONOMY where there is nothing to see."""
    if arm.kind is ArmKind.NO_PICTURE:
        return Said(A, "There is nothing.")
    if arm.kind is ArmKind.OTHER_SCENE:
        return Said(LEVELS[(level.rank + 1) % 3], words_of("elsewhere", level))
    words = words_of(frame_id, level)
    return Said(level, words.replace("left", "right") if arm.kind is ArmKind.MIRRORED else words)


def answers_of(
    says: Says, arms: Sequence[Arm], *, frames: int = 200, scenes: int = 20, seed: int = 0
) -> ProbedAnswers:
    """A run's answers to frames that are dealt out over scenes, a third of each level."""
    dice = Random(seed)
    levels = {f"frame-{number:03d}": dice.choice(LEVELS) for number in range(frames)}
    return ProbedAnswers(
        own={one: says(one, level, Arm(ArmKind.AGAIN)) for one, level in levels.items()},
        arms={arm: {one: says(one, level, arm) for one, level in levels.items()} for arm in arms},
        truth=levels,
        scenes={one: f"scene-{number % scenes}" for number, one in enumerate(levels)},
    )
