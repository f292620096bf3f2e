"""Use cases: auditing the frames that nobody has reviewed, in lots, purely at random and blind.

A lot is every unreviewed training frame for which less than TELEOPERATION was proposed and which nobody has on screen
with its proposal, in a random order that is drawn when the lot is opened. A confirmed miss ends the lot: the frames
around it are reviewed first, and what is left is the next lot. A lot ends too when what is left is certified, when
every frame of it was looked at, or when a lead cancels it. `data.review.audit_bound` says what a lot proves. A lead can
have frames of their own choice audited as a stratum, which proves something of these frames alone.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.proposals.runs import latest_run
from data.review.audit_lots import PEOPLE_SEE, LotState, lot_state, open_lot
from data.store.opening import Store
from data.store.tables import (
    AuditEnd,
    AuditFrame,
    AuditLot,
    AuditTerms,
    Frame,
    FrameStatus,
    Lease,
    Proposal,
    Review,
)
from data.vocabulary import LotEnd, Mode, ModelRole, Split, TriageLevel, storable_text

NEIGHBOUR_REACH = 3
LIMIT = 0.01
LARGEST_LIMIT = 0.2
MAX_REASON_CHARS = 300
MAX_STRATUM_CHARS = 64


def open_audit(
    store: Store, person_id: int, *, limit: float = LIMIT, people_see: float = PEOPLE_SEE, golds: int = 0
) -> AuditLot:
    """Begin to audit what is left unreviewed, against a miss rate of `limit`.

    people_see: the share of TELEOPERATION frames that people recognise blind, at least; golds: how many gold frames
    show it, 0 where it is assumed. Both are fixed for the lot.
    Raises NotAllowed, and ReviewRefused: an audit is open already, nothing is left, the limit makes no sense.
    """
    if not 0 < limit <= LARGEST_LIMIT:
        raise ReviewRefused(
            f"The limit is a miss rate above 0 and up to {LARGEST_LIMIT:.0%}, not {limit:.1%}."
        )
    if not 0 < people_see <= 1:
        raise ReviewRefused(f"People see a share of misses above 0 and up to 1, not {people_see}.")
    with store.write(alone=True) as session:
        now_us = _may_open(session, store, person_id)
        terms = AuditTerms(lot_id=0, person_id=person_id, people_see=people_see, golds=golds)
        lot = _open(session, now_us, limit, "opened by a lead", terms)
        if lot is None:
            raise ReviewRefused("Nothing is left to audit: every frame below TELEOPERATION has a review.")
        return lot


def open_stratum(
    store: Store,
    person_id: int,
    frame_ids: Collection[str],
    name: str,
    *,
    limit: float = LIMIT,
    people_see: float = PEOPLE_SEE,
    golds: int = 0,
) -> AuditLot:
    """Audit frames that a lead picked, as a lot of its own: those of them that an audit opened now would hold.

    What it proves it proves of these frames alone, since nobody drew them; a miss goes on with the rest of them. It
    uses up its part of the error that all lots together may make. Otherwise as `open_audit`. Raises NotAllowed, and
    ReviewRefused: an audit is open already, none of the frames can be audited, or a name that is none.
    """
    called = " ".join(storable_text(name).split())
    if not 0 < len(called) <= MAX_STRATUM_CHARS:
        raise ReviewRefused(
            f"A stratum's name has 1 to {MAX_STRATUM_CHARS} characters; this one has {len(called)}."
        )
    with store.write(alone=True) as session:
        now_us = _may_open(session, store, person_id)
        terms = AuditTerms(lot_id=0, person_id=person_id, people_see=people_see, golds=golds)
        lot = _open(session, now_us, limit, "picked by a lead", terms, Stratum(called, frozenset(frame_ids)))
        if lot is None:
            raise ReviewRefused(
                f"None of the {len(frame_ids):,} frames can be audited: they are training frames below TELEOPERATION "
                "that nobody has reviewed, not near a found miss and on nobody's screen with their proposal."
            )
        return lot


@dataclass(frozen=True)
class Stratum:
    """Frames that a lead picked, and what they called them."""

    name: str
    frame_ids: frozenset[str]


def _may_open(session: Session, store: Store, person_id: int) -> int:
    """The store's time. Raises NotAllowed, and ReviewRefused while a lot is open."""
    require(session, person_id, Act.ADJUDICATE)
    now_us = store.now_us(session)
    state = lot_state(session)
    if state is not None and _end_if_over(session, state, person_id, now_us) is None:
        raise ReviewRefused("An audit is open already; it goes on until it certifies or finds a miss.")
    return now_us


def follow_audit(session: Session, frame_id: str, person_id: int, now_us: int) -> None:
    """Carry an answer on a frame over to its audit, inside the answer's own act: close the lot if the answer certified
    it or was the last one, and go on to the next lot if it confirmed a miss."""
    lot = open_lot(session)
    if lot is not None and session.get(AuditFrame, (lot.id, frame_id)) is not None:
        follow_open_lot(session, person_id, now_us)


def follow_open_lot(session: Session, person_id: int, now_us: int) -> None:
    """As `follow_audit`, where more than one frame of the lot may have changed."""
    lot = open_lot(session)
    if lot is None:
        return
    session.refresh(lot, with_for_update=True)  # answers on one lot come one after another
    state = lot_state(session, lot)
    end = None if state is None else _end_if_over(session, state, person_id, now_us)
    if state is not None and end is not None and end.why is LotEnd.MISSED:
        _open_next(session, state, now_us)


def cancel_audit(store: Store, person_id: int, reason: str) -> AuditEnd:
    """End the open lot without a certificate, whatever was found so far.

    The answers stay reviews of their frames. The lot has used up its share of the error that all lots together may
    make, so whatever moment a lead chooses, no later certificate is weaker than it says. Raises NotAllowed, and
    ReviewRefused: no audit is open, or no reason.
    """
    told = storable_text(reason).strip()
    if not 3 <= len(told) <= MAX_REASON_CHARS:  # noqa: PLR2004
        raise ReviewRefused(
            f"Say in 3 to {MAX_REASON_CHARS} characters why the audit is cancelled; this is {len(told)}."
        )
    with store.write(alone=True) as session:
        require(session, person_id, Act.ADJUDICATE)
        lot = open_lot(session)
        if lot is not None:
            session.refresh(lot, with_for_update=True)
        state = lot_state(session, lot) if lot else None
        now_us = store.now_us(session)
        if state is None or _end_if_over(session, state, person_id, now_us) is not None:
            raise ReviewRefused("No audit is open, so there is nothing to cancel.")
        return _end(session, state, LotEnd.CANCELLED, person_id, now_us, reason=told)


def _end_if_over(session: Session, state: LotState, person_id: int, now_us: int) -> AuditEnd | None:
    """The lot's end, written now if nothing of it is open any more."""
    if state.end is not None:
        return state.end
    why = _why_over(state)
    return None if why is None else _end(session, state, why, person_id, now_us)


def _end(
    session: Session, state: LotState, why: LotEnd, person_id: int, now_us: int, *, reason: str | None = None
) -> AuditEnd:
    end = AuditEnd(
        lot_id=int(state.lot.id or 0),
        person_id=person_id,
        why=why,
        frames=state.frames,
        audited=len(state.audited),
        at_most=None if why in (LotEnd.MISSED, LotEnd.CANCELLED) else state.at_most,
        ended_at_us=now_us,
        reason=reason,
    )
    session.add(end)
    session.flush()
    return end


def _why_over(state: LotState) -> LotEnd | None:
    if state.missed:
        return LotEnd.MISSED
    if not state.waiting and not state.unconfirmed:
        return LotEnd.EXHAUSTED
    return LotEnd.CERTIFIED if state.is_certified else None


def _open_next(session: Session, ended: LotState, now_us: int) -> None:
    missed = session.get_one(Frame, ended.missed[0])
    reason = f"a TELEOPERATION was missed on {missed.filename}"
    terms = AuditTerms(lot_id=0, people_see=ended.people_see, golds=ended.golds)
    picked = None
    if ended.lot.stratum is not None:  # the rest of what was picked, never of everything
        query = select(AuditFrame.frame_id).where(AuditFrame.lot_id == ended.lot.id)
        picked = Stratum(ended.lot.stratum, frozenset(session.exec(query)))
    _open(session, now_us, ended.lot.limit, reason, terms, picked)


def _open(
    session: Session,
    now_us: int,
    limit: float,
    reason: str,
    terms: AuditTerms,
    picked: Stratum | None = None,
) -> AuditLot | None:
    left = sorted(one for one, _ in _left(session) if picked is None or one in picked.frame_ids)
    if not left:
        return None
    lot = AuditLot(
        opened_by_id=terms.person_id,
        limit=limit,
        frames=len(left),
        reason=reason,
        opened_at_us=now_us,
        stratum=picked.name if picked else None,
    )
    session.add(lot)
    session.flush()
    random.Random(f"audit|{lot.id}|{now_us}").shuffle(left)
    session.add_all(
        AuditFrame(lot_id=int(lot.id or 0), frame_id=frame_id, place=place)
        for place, frame_id in enumerate(left)
    )
    terms.lot_id = int(lot.id or 0)
    session.add(terms)
    session.flush()
    return lot


def _left(session: Session) -> list[tuple[str, tuple[str, int]]]:
    """The frames that a lot opened now would hold, each with its scene and place."""
    near, on_screen = near_found_misses(session), shown_with_proposal(session)
    return [
        (frame_id, at)
        for frame_id, at in unreviewed_frames(session).items()
        if at not in near and frame_id not in on_screen
    ]


def shown_with_proposal(session: Session) -> set[str]:
    """Frames that were handed out with their proposal, or to be shown it: an answer on them would not be blind."""
    return set(session.exec(select(Lease.frame_id).where(Lease.mode != Mode.BLIND)))


def unreviewed_frames(session: Session) -> dict[str, tuple[str, int]]:
    """Scene and place of every real training frame that nobody has reviewed and that was proposed below
    TELEOPERATION."""
    teacher = latest_run(session, ModelRole.TEACHER)
    query = (
        select(Frame.id, Frame.scene_id, Frame.position)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .join(Proposal, col(Proposal.frame_id) == Frame.id)
        .where(
            Proposal.run_id == (teacher.id if teacher else ""),
            col(Proposal.level).in_([TriageLevel.AUTONOMY, TriageLevel.SUPERVISION]),
            FrameStatus.split == Split.TRAIN,
            col(Frame.generated_clip_id).is_(None),
            col(FrameStatus.reviews_needed) > 0,
            col(Frame.id).not_in(select(Review.frame_id)),
        )
    )
    return {frame_id: (scene_id, position) for frame_id, scene_id, position in session.exec(query)}


def near_found_misses(session: Session) -> set[tuple[str, int]]:
    """Scenes and places so near a found miss that they are reviewed before any audit."""
    return {
        (scene_id, position + step)
        for scene_id, position in found_misses(session).values()
        for step in range(-NEIGHBOUR_REACH, NEIGHBOUR_REACH + 1)
    }


def found_misses(session: Session) -> Mapping[str, tuple[str, int]]:
    """Scene and place of every training frame on which a person said TELEOPERATION and the teacher less."""
    teacher = latest_run(session, ModelRole.TEACHER)
    query = (
        select(Frame.id, Frame.scene_id, Frame.position)
        .join(Review, col(Review.frame_id) == Frame.id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .join(Proposal, col(Proposal.frame_id) == Frame.id)
        .where(
            Proposal.run_id == (teacher.id if teacher else ""),
            col(Proposal.level).in_([TriageLevel.AUTONOMY, TriageLevel.SUPERVISION]),
            Review.level == TriageLevel.TELEOPERATION,
            FrameStatus.split == Split.TRAIN,
        )
    )
    return {frame_id: (scene_id, position) for frame_id, scene_id, position in session.exec(query)}
