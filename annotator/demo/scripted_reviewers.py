"""Scripted stand-ins for people, for the demo and the walkthrough. They lease and review through the same functions
as the app, and the store marks them as scripted.

On the demo dataset they know what the generator drew, and slip now and then as people do. On real frames nothing is
known: they keep what is proposed, and judge by the frame's cues where nothing is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlmodel import col, select

from annotator.review_card.reason_codes import ReasonCode, composed_assessment
from data.hashing import seeded_chance
from data.people.accounts import add_scripted_reviewer
from data.review.adjudication import Settlement, adjudicate
from data.review.guideline import guideline_version
from data.review.reviews import Decision, submit_review
from data.review.serving import ServedFrame, lease_frames
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, Person
from data.vocabulary import LEVELS, Assessment, Cue, Mode, PersonRole, Split, TriageLevel, VerificationState

SLIP = 0.05
FOLLOWS_WRONG_PROPOSAL = 0.15
_CUE_REASONS = {
    Cue.CONSTRUCTION: ReasonCode.CONSTRUCTION,
    Cue.PEDESTRIAN_NEAR: ReasonCode.VULNERABLE_ROAD_USER,
    Cue.FOG: ReasonCode.VISIBILITY,
    Cue.RAIN: ReasonCode.VISIBILITY,
    Cue.NIGHT: ReasonCode.VISIBILITY,
    Cue.GLARE: ReasonCode.VISIBILITY,
}

Truth = Mapping[str, Assessment]
"""What is known of frames, by image file name; empty where nothing is."""


@dataclass(frozen=True)
class ScriptedReviewer:
    """One stand-in: who it is in the store, and what it knows."""

    person: Person
    truth: Truth

    def decide(self, served: ServedFrame, *, seconds_shown: float | None = None) -> Decision:
        """What this reviewer says of a frame; always the same for the same frame."""
        own, kept = self._own(served.frame), self._kept_level(served)
        return Decision(
            token=_token(self.person.name, served.frame.id),
            frame_id=served.frame.id,
            level=kept or own.level,
            first_level=own.level if served.mode is Mode.DECIDE_FIRST else None,
            reasoning=None if kept else own.reasoning,
            action=None if kept else own.action,
            guideline_version=guideline_version(),
            seconds_shown=seconds_shown,
        )

    def _kept_level(self, served: ServedFrame) -> TriageLevel | None:
        """The proposed level where the reviewer lets it stand: right, not known better, or followed all the same."""
        proposed = served.proposal.level if served.proposal else None
        if proposed is None or not self.truth or proposed is self._own(served.frame).level:
            return proposed
        return proposed if self.chance("follow", served.frame) < FOLLOWS_WRONG_PROPOSAL else None

    def _own(self, frame: Frame) -> Assessment:
        """The reviewer's own view, before any proposal."""
        known = self.truth.get(frame.filename)
        if known is None:
            return _by_cues(frame)
        if self.chance("slip", frame) >= SLIP:
            return known
        slipped = LEVELS[max(0, known.level.rank - 1)] if known.level.rank else LEVELS[1]
        return composed_assessment(ReasonCode.OTHER, slipped)

    def chance(self, what: str, frame: Frame) -> float:
        """A number from 0 to 1 that this reviewer draws about a frame, always the same."""
        return seeded_chance(what, self.person.name, frame.id)


Look = Callable[[ScriptedReviewer, ServedFrame], float]
"""How long a reviewer looks at a frame, in seconds."""


def _token(name: str, frame_id: str) -> str:
    return hashlib.sha256(f"token|{name}|{frame_id}".encode()).hexdigest()[:32]


def _by_cues(frame: Frame) -> Assessment:
    for cue, reason in _CUE_REASONS.items():
        if cue in frame.cues:
            return composed_assessment(reason, TriageLevel.SUPERVISION)
    return composed_assessment(ReasonCode.ROUTINE, TriageLevel.AUTONOMY)


def review_everything(
    store: Store, names: list[str], truth: Truth, *, limit: int | None = None, look: Look | None = None
) -> int:
    """Let scripted annotators review in turn until nothing is left for any of them, or `limit` reviews are
    written; returns how many were. look: called before each decision, for how long it took."""
    reviewers = [ScriptedReviewer(add_scripted_reviewer(store, name), truth) for name in names]
    written, busy = 0, True
    while busy:
        busy = False
        for reviewer in reviewers:
            if limit is not None and written >= limit:
                return written
            person_id = int(reviewer.person.id or 0)
            for served in lease_frames(store, person_id, n=1):
                seconds = look(reviewer, served) if look else None
                submit_review(store, person_id, reviewer.decide(served, seconds_shown=seconds))
                written, busy = written + 1, True
    return written


def settle_contested(
    store: Store, name: str, truth: Truth, *, split: Split | None = None, leave: int = 0
) -> int:
    """Let a scripted lead settle the contested frames, or those of one side of the split; returns how many.
    leave: so many of them stay contested."""
    lead = add_scripted_reviewer(store, name, PersonRole.LEAD)
    with store.read() as session:
        query = (
            select(Frame)
            .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
            .where(FrameStatus.state == VerificationState.CONTESTED)
            .order_by(Frame.id)
        )
        if split is not None:
            query = query.where(FrameStatus.split == split)
        frames = list(session.exec(query))
    frames = frames[: max(0, len(frames) - leave)]
    for frame in frames:
        said = truth.get(frame.filename) or _by_cues(frame)
        adjudicate(
            store,
            int(lead.id or 0),
            Settlement(
                frame_id=frame.id,
                level=said.level,
                reasoning=said.reasoning,
                action=said.action,
                reason="Settled by the script that stands in for a lead.",
            ),
        )
    return len(frames)
