"""What may be said of the scenes: the true level phase by phase with its reasons, and how a teacher slips.

`{d}` in a text stands for the metres to the thing the phase is about.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.vocabulary import TriageLevel

A, S, T = TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION

NO_ACTION = ("No action needed.", "None; the vehicle goes on by itself.", "No operator action needed.")


@dataclass(frozen=True)
class Phase:
    """From frame `first` on this is true, until the next phase begins."""

    first: int
    level: TriageLevel
    hazard: str
    reasonings: tuple[str, ...]
    actions: tuple[str, ...] = NO_ACTION
    about: str = ""


@dataclass(frozen=True)
class Slip:
    """Frames in which the teacher says a wrong level, and its argument; it does not see `unseen` things."""

    frames: tuple[int, ...]
    level: TriageLevel
    hazard: str
    reasoning: str
    action: str
    unseen: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Narrative:
    """One scene's texts."""

    settings: tuple[str, ...]
    phases: tuple[Phase, ...]
    slips: tuple[Slip, ...] = ()

    def phase(self, frame: int) -> Phase:
        """The phase a frame lies in."""
        return [phase for phase in self.phases if phase.first <= frame][-1]

    def slip(self, frame: int) -> Slip | None:
        """The teacher's slip at a frame, if it makes one."""
        return next((slip for slip in self.slips if frame in slip.frames), None)
