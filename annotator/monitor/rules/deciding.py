"""Calling TELEOPERATION by its probability, where a model comes with a decision. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from data.vocabulary import Assessment, TriageLevel

T = TriageLevel.TELEOPERATION
ACTION = "Look at the feed: its probability of TELEOPERATION is above the limit."
"""Without a number, so that alerts of one cause stand together; short enough to be shown whole."""


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
