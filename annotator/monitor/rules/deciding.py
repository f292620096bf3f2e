"""Calling a level by its probability, where a model comes with a decision. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from data.decisions.decision import ModelDecision
from data.vocabulary import Assessment, TriageLevel

A, S, T = TriageLevel
ACTION = "Look at the feed: its probability of TELEOPERATION is above the limit."
"""Without a number, so that alerts of one cause stand together; short enough to be shown whole."""
ACTIONS = {
    T: ACTION,
    S: "Keep an eye on the feed: its probability of SUPERVISION is above the limit.",
    A: "Nothing to do: its probabilities are below the limits.",
}


def decided(
    assessment: Assessment, probabilities: Sequence[float] | None, threshold: float | None
) -> Assessment:
    """The assessment, raised to TELEOPERATION where its probability reaches the threshold. Never lowered: a model that
    says TELEOPERATION is believed. What the model wrote stays beside it, and the stored reply as it came.

    >>> calm = Assessment(reasoning="Clear road.", level=TriageLevel.AUTONOMY, action="Go on.")
    >>> decided(calm, [0.7, 0.1, 0.2], 0.15).action
    'Look at the feed: its probability of TELEOPERATION is above the limit.'
    >>> decided(calm, [0.7, 0.2, 0.1], 0.15).level.value
    'AUTONOMY'
    """
    if threshold is None or probabilities is None or assessment.level is T:
        return assessment
    if probabilities[T.rank] < threshold:
        return assessment
    return Assessment(reasoning=assessment.reasoning, level=T, action=ACTION)


def decided_by_model(
    assessment: Assessment, probabilities: Sequence[float] | None, decision: ModelDecision
) -> Assessment:
    """The assessment at the level that the model's own decision makes of its probabilities, higher or lower than it
    wrote; as it wrote it where there are none."""
    level = decision.level(assessment.level, probabilities)
    if level is None or level is assessment.level:
        return assessment
    return Assessment(reasoning=assessment.reasoning, level=level, action=ACTIONS[level])
