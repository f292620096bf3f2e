"""Use case: hold a guarantee against verified random frames of live feeds, and withdraw it for good."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlmodel import Session, col, func, select

from data.store.opening import Store
from data.store.tables import (
    Adjudication,
    FrameStatus,
    ModelRun,
    Proposal,
    ReturnedFrame,
    Review,
    TrailEntry,
    Watch,
)
from data.store.trail import note_act
from data.verification.standing import not_withdrawn
from data.vocabulary import ReturnedFor, TrailAct, TriageLevel, VerificationState
from eval.guarantee.decide import Decision
from eval.guarantee.live_evidence import ALPHA, evidence

T = TriageLevel.TELEOPERATION


@dataclass(frozen=True)
class Standing:
    """Where a guarantee stands: `frames` random live frames that people verified TELEOPERATION, `misses` of them not
    called; `stake` of the test, which withdraws the guarantee at 1 / ALPHA."""

    guarantee: float
    confidence: float
    frames: int
    misses: int
    stake: float
    is_withdrawn: bool

    def in_words(self) -> str:
        """One line for the console."""
        limit = f"{100 * self.guarantee:g} % of TELEOPERATION frames"
        live = (
            f"Of {self.frames:,} random live ones that people verified it missed {self.misses:,}."
            if self.frames
            else "No random live one is verified yet."
        )
        if self.is_withdrawn:
            return (
                f"Guarantee withdrawn: the model misses more than {limit}. {live} Do not rely on quiet feeds."
            )
        return f"Guarantee: the model misses at most {limit} ({100 * self.confidence:g} % confidence). {live}"


def follow_guarantee(store: Store, decision: Decision) -> Standing:
    """Look at every frame that came back at random under this decision. The first time that the evidence suffices, the
    withdrawal is written into the audit trail; from then on it stands, whatever comes later."""
    with store.read() as session:
        before = _is_withdrawn(session, decision)
        misses = _misses(session, decision)
    stakes = evidence(misses, decision.guarantee) if misses else np.ones(1)
    is_over = bool((stakes >= 1 / ALPHA).any())
    if is_over and not before:
        _withdraw(store, decision, len(misses), sum(misses))
    return Standing(
        guarantee=decision.guarantee,
        confidence=decision.confidence,
        frames=len(misses),
        misses=sum(misses),
        stake=float(stakes.max()),
        is_withdrawn=before or is_over,
    )


def _is_withdrawn(session: Session, decision: Decision) -> bool:
    query = select(TrailEntry.id).where(
        TrailEntry.act == TrailAct.WITHDREW_GUARANTEE, TrailEntry.subject == f"decision:{decision.hash}"
    )
    return session.exec(query.limit(1)).first() is not None


def _withdraw(store: Store, decision: Decision, frames: int, misses: int) -> None:
    with store.write() as session:
        if not _is_withdrawn(session, decision):
            note_act(
                session,
                TrailAct.WITHDREW_GUARANTEE,
                by=None,
                subject=f"decision:{decision.hash}",
                details={"guarantee": decision.guarantee, "frames": frames, "misses": misses},
            )


def _misses(session: Session, decision: Decision) -> list[bool]:
    """Whether each verified random TELEOPERATION frame was missed, in the order in which they were settled."""
    watches = session.exec(select(Watch.id, ModelRun).join(ModelRun, col(ModelRun.id) == Watch.run_id)).all()
    under = [watch_id for watch_id, run in watches if run.parameters.get("decision") == decision.hash]
    reviewed = (
        select(Review.frame_id, func.max(Review.reviewed_at_us).label("at"))
        .group_by(Review.frame_id)
        .subquery()
    )
    settled = (
        select(Adjudication.frame_id, func.max(Adjudication.adjudicated_at_us).label("at"))
        .where(not_withdrawn())
        .group_by(Adjudication.frame_id)
        .subquery()
    )
    at = func.coalesce(settled.c.at, reviewed.c.at)
    query = (
        select(Proposal, at)
        .join(ReturnedFrame, col(ReturnedFrame.proposal_id) == Proposal.id)
        .join(FrameStatus, col(FrameStatus.frame_id) == ReturnedFrame.frame_id)
        .join(reviewed, reviewed.c.frame_id == ReturnedFrame.frame_id)
        .join(settled, settled.c.frame_id == ReturnedFrame.frame_id, isouter=True)
        .where(
            ReturnedFrame.why == ReturnedFor.RANDOM,
            col(ReturnedFrame.watch_id).in_(under),
            FrameStatus.state == VerificationState.VERIFIED,
            FrameStatus.level == T,
        )
        .order_by(at, col(ReturnedFrame.frame_id))
    )
    return [
        not decision.calls(proposal.level, proposal.level_probabilities)
        for proposal, _ in session.exec(query)
    ]
