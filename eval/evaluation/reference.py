"""The frames that runs are held against: verified ones, and those that people still disagree about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.vocabulary import Cue, TriageLevel


@dataclass(frozen=True)
class ReferenceFrame:
    """A held-out frame with its verified assessment. `image` is shown in the report, nothing else is read from it.

    `unknown_cues`: those that could not be looked for. `inclusion`: the probability with which the draw took it, None
    where it was not drawn. `is_sent_back`: somebody doubts the level and no lead has settled it since. `own`: what
    people said without seeing a proposal, oldest first; `adjudicated`: a lead's answer, if there is one.
    """

    frame_id: str
    scene_id: str
    level: TriageLevel
    reasoning: str
    action: str
    image: Path | None = None
    cues: frozenset[Cue] = frozenset()
    unknown_cues: frozenset[Cue] = frozenset()
    data_set: str = ""
    inclusion: float | None = None
    is_sent_back: bool = False
    own: tuple[TriageLevel, ...] = ()
    adjudicated: TriageLevel | None = None


@dataclass(frozen=True)
class ContestedFrame:
    """A held-out frame that reviewers disagree about and no lead has settled; it may have any of `levels`."""

    frame_id: str
    scene_id: str
    levels: frozenset[TriageLevel]
    own: tuple[TriageLevel, ...] = ()
    adjudicated: TriageLevel | None = None


Rated = ReferenceFrame | ContestedFrame
