"""Calling TELEOPERATION by its probability, where a model comes with a decision. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from data.vocabulary import Assessment, TriageLevel

T = TriageLevel.TELEOPERATION


def decided(
    assessment: Assessment, probabilities: Sequence[float] | None, threshold: float | None
) -> Assessment:
    """The assessment, raised to TELEOPERATION where its probability reaches the threshold. Never lowered: a model that
    says TELEOPERATION is believed. What the model wrote stays beside it, and the stored reply as it came.

    >>> calm = Assessment(reasoning="Clear road.", level=TriageLevel.AUTONOMY, action="Go on.")
    >>> decided(calm, [0.7, 0.1, 0.2], 0.15).action
    'Look at the feed: the model gives TELEOPERATION 20.0%, and calls it from 15.0% on.'
    >>> decided(calm, [0.7, 0.2, 0.1], 0.15).level.value
    'AUTONOMY'
    """
    if threshold is None or probabilities is None or assessment.level is T:
        return assessment
    chance = probabilities[T.rank]
    if chance < threshold:
        return assessment
    action = (
        f"Look at the feed: the model gives TELEOPERATION {chance:.1%}, and calls it from {threshold:.1%} on."
    )
    return Assessment(reasoning=assessment.reasoning, level=T, action=action)
