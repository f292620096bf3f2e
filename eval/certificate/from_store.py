"""Use case: what the store's audits say of the frames that nobody has reviewed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from sqlmodel import Session, col, func, select

from data.overview.review_columns import NONE, standing_reviews
from data.review.audit_bound import CONFIDENCE
from data.review.audit_lots import PEOPLE_SEE, LotState, lot_state, lots
from data.review.blind_audits import near_found_misses, shown_with_proposal, unreviewed_frames
from data.review.guideline import guideline_in_force
from data.store.opening import Store
from data.store.tables import AuditEnd, AuditFrame, Frame, FrameStatus, GoldFrame, Person, Review
from data.vocabulary import LotEnd, Split, TriageLevel, VerificationState
from eval.certificate.certificate import AuditorPace, Certificate, OtherFrames, certify
from eval.statistics.rate import Undefined
from eval.statistics.scene_share import scene_lower_bound

T = TriageLevel.TELEOPERATION


@dataclass(frozen=True)
class LotRecord:
    """One lot as a row: what ended it, or where it stands; `cancelled`: why, by a lead; `stratum`: the name of frames
    that a lead picked."""

    number: int
    frames: int
    audited: int
    missed: list[str]
    reason: str
    end: LotEnd | None
    cancelled: str | None = None
    stratum: str | None = None


@dataclass(frozen=True)
class PeopleSee:
    """The share of TELEOPERATION golds that people recognise without a proposal: `share` is the lower bound of `golds`
    judgements in so many scenes; the assumed share and 0 golds where they are too few, with the reason."""

    share: float
    golds: int
    reason: str = ""


@dataclass(frozen=True)
class Trust:
    """The audits so far, of frames that a camera took. `unreviewed`: training frames below TELEOPERATION that nobody
    has reviewed; `would_audit`: those of them that a lot opened now would hold; `found`: verified TELEOPERATION
    frames of the training side; `certificate`: of the latest lot of all that was left, None before the first;
    `people_see`: as measured now, for the next lot; `strata`: by name, of the latest lot of frames that a lead picked.
    """

    unreviewed: int
    would_audit: int
    found: int
    lots: list[LotRecord]
    certificate: Certificate | None
    others: OtherFrames
    people_see: PeopleSee
    strata: dict[str, Certificate] = field(default_factory=dict)


def trust(store: Store) -> Trust:
    """Add up every lot, and certify the latest; strata apart, so that nothing is said of frames nobody drew."""
    with store.read() as session:
        states = [state for lot in lots(session) if (state := lot_state(session, lot)) is not None]
        of_all = [state for state in states if state.lot.stratum is None]
        unreviewed = unreviewed_frames(session)
        near, on_screen = near_found_misses(session), shown_with_proposal(session)
        left_out = {frame_id for frame_id, at in unreviewed.items() if at in near or frame_id in on_screen}
        covered = _drawn(session, of_all[-1]) if of_all else set()
        counts = _train_frames(session)
        found = sum(n for (_, level, _), n in counts.items() if level is T)
        return Trust(
            unreviewed=len(unreviewed),
            would_audit=len(unreviewed) - len(left_out),
            found=found,
            lots=[_record(session, state) for state in states],
            certificate=_certificate(session, of_all[-1]) if of_all else None,
            others=_others(counts, len(unreviewed), len(left_out - covered)),
            people_see=people_see(session, store.now_us(session)),
            strata={state.lot.stratum: _certificate(session, state) for state in states if state.lot.stratum},
        )


def _drawn(session: Session, state: LotState) -> set[str]:
    """The frames of a lot, which its certificate covers also while they are on somebody's screen."""
    return set(session.exec(select(AuditFrame.frame_id).where(AuditFrame.lot_id == state.lot.id)))


def people_see(session: Session, now_us: int) -> PeopleSee:
    """What gold shows of how many TELEOPERATION frames people recognise where no proposal helps or misleads them."""
    reviews = standing_reviews(session, now_us=now_us)
    gold = set(session.exec(select(GoldFrame.frame_id).where(GoldFrame.level == T)))
    is_gold = np.array([frame_id in gold for frame_id in reviews.frame_ids] or [False])
    own = reviews.own_level
    judged = reviews.is_test & (own != NONE) & is_gold[reviews.frame]
    scenes = len(reviews.scene_ids)
    frames = np.bincount(reviews.scene[judged], minlength=scenes)
    seen = np.bincount(reviews.scene[judged & (own == T.rank)], minlength=scenes)
    share = scene_lower_bound(seen, frames, confidence=CONFIDENCE)
    if isinstance(share, Undefined):
        return PeopleSee(PEOPLE_SEE, 0, share.reason)
    return PeopleSee(max(share, 0.01), int(judged.sum()))


_Counts = dict[tuple[VerificationState, TriageLevel | None, bool], int]


def _train_frames(session: Session) -> _Counts:
    """How many real training frames by state, verified level and whether anybody has reviewed them."""
    reviewed = col(FrameStatus.frame_id).in_(select(Review.frame_id))
    by = (col(FrameStatus.state), col(FrameStatus.level), reviewed)
    query = (
        select(*by, func.count())
        .join(Frame, col(Frame.id) == FrameStatus.frame_id)
        .where(FrameStatus.split == Split.TRAIN, col(Frame.generated_clip_id).is_(None))
        .group_by(*by)
    )
    return {(state, level, bool(seen)): int(n) for state, level, seen, n in session.exec(query)}


def _others(counts: _Counts, unreviewed: int, left_out: int) -> OtherFrames:
    awaiting = sum(n for (state, _, _), n in counts.items() if state is not VerificationState.VERIFIED)
    untouched = sum(n for (_, _, seen), n in counts.items() if not seen)
    return OtherFrames(
        verified_lower=sum(n for (_, level, _), n in counts.items() if level is not None and level is not T),
        unsettled=awaiting - untouched,
        unreviewed=max(0, untouched - unreviewed),
        left_out=left_out,
    )


def _record(session: Session, state: LotState) -> LotRecord:
    missed = [session.get_one(Frame, frame_id).filename for frame_id in state.missed]
    end, lot = state.end, state.lot
    return LotRecord(
        number=int(lot.id or 0),
        frames=state.frames,
        audited=len(state.audited),
        missed=missed,
        reason=lot.reason,
        end=end.why if end else None,
        cancelled=end.reason if end else None,
        stratum=lot.stratum,
    )


def _certificate(session: Session, state: LotState) -> Certificate:
    """A miss counts at once, also while it is unconfirmed or frames before it are still with somebody."""
    names = {person.id: person.display_name for person in session.exec(select(Person))}
    now = certify(
        lot=int(state.lot.id or 0),
        frames=state.frames,
        audited=state.judged,
        misses=state.misses,
        limit=state.lot.limit,
        people_see=state.people_see,
    )
    return replace(
        now,
        at_most=state.at_most,
        golds=state.golds,
        unconfirmed=len(state.unconfirmed),
        end=state.end.why if state.end else None,
        found_since=_found_since(session, state.end) if state.end else 0,
        cancelled=state.end.reason if state.end else None,
        guideline=_newer_guideline(session, state.end) if state.end else None,
        auditors=[
            AuditorPace(names[one.person_id], one.judged, one.median_s, one.is_hasty, one.is_paused)
            for one in state.auditors
        ],
    )


def _newer_guideline(session: Session, end: AuditEnd) -> int | None:
    """The number of the version in force, where it was published after the lot's end."""
    held = guideline_in_force(session)
    return held.number if (held.written_at_us or 0) > end.ended_at_us else None


def _found_since(session: Session, end: AuditEnd) -> int:
    """Frames of an ended lot that turned out TELEOPERATION by reviews later than its end."""
    later = select(Review.frame_id).where(Review.reviewed_at_us > end.ended_at_us)
    query = (
        select(func.count(col(AuditFrame.frame_id)))
        .join(FrameStatus, col(FrameStatus.frame_id) == AuditFrame.frame_id)
        .where(AuditFrame.lot_id == end.lot_id, FrameStatus.level == T, col(AuditFrame.frame_id).in_(later))
    )
    return int(session.exec(query).one())
