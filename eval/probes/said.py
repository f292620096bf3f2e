"""What was said of each frame with its own picture and in the arms, as the figures take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.probes.arms import Arm
from data.probes.said import Said
from data.vocabulary import TriageLevel


@dataclass(frozen=True)
class ProbedAnswers:
    """A run's answers by frame id: to the frames' own pictures, and in each arm. `truth`: verified levels, of those
    frames that have one; `scenes`: the unit of counting of every frame."""

    own: Mapping[str, Said]
    arms: Mapping[Arm, Mapping[str, Said]]
    truth: Mapping[str, TriageLevel]
    scenes: Mapping[str, str]
