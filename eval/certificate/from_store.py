"""Use case: what the store's audits say of the frames that nobody has reviewed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from data.review.blind_audits import LotState, lot_state, lots, unreviewed_frames
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus
from data.vocabulary import Split, TriageLevel
from eval.certificate.bound import Certificate, certify


@dataclass(frozen=True)
class LotRecord:
    """One lot as a row: what ended it, or where it stands."""

    number: int
    frames: int
    audited: int
    missed: list[str]
    reason: str


@dataclass(frozen=True)
class Trust:
    """The audits so far, of frames that a camera took. `unreviewed`: training frames below TELEOPERATION that nobody
    has reviewed; `found`: verified TELEOPERATION frames; `certificate`: of the latest lot, None before the first."""

    unreviewed: int
    found: int
    lots: list[LotRecord]
    certificate: Certificate | None


def trust(store: Store) -> Trust:
    """Add up every lot, and certify the latest."""
    with store.read() as session:
        states = [state for lot in lots(session) if (state := lot_state(session, lot)) is not None]
        found = session.exec(
            select(func.count(col(FrameStatus.frame_id)))
            .join(Frame, col(Frame.id) == FrameStatus.frame_id)
            .where(
                FrameStatus.split == Split.TRAIN,
                FrameStatus.level == TriageLevel.TELEOPERATION,
                col(Frame.generated_clip_id).is_(None),
            )
        ).one()
        return Trust(
            unreviewed=len(unreviewed_frames(session)),
            found=int(found),
            lots=[_record(session, state) for state in states],
            certificate=_certificate(states[-1]) if states else None,
        )


def _record(session: Session, state: LotState) -> LotRecord:
    missed = [session.get_one(Frame, frame_id).filename for frame_id in state.missed]
    lot = state.lot
    return LotRecord(int(lot.id or 0), lot.frames, len(state.audited), missed, lot.reason)


def _certificate(state: LotState) -> Certificate:
    """A miss counts at once, also while frames before it in the random order are still with somebody."""
    return certify(
        lot=int(state.lot.id or 0),
        frames=state.lot.frames,
        audited=max(len(state.audited), len(state.missed)),
        misses=len(state.missed),
        limit=state.lot.limit,
    )
