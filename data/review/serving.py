"""Serving frames: which ones a person holds, in which mode, and the leases that keep two people apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, text, true
from sqlmodel import Session, col, delete, func, select
from sqlmodel.sql.expression import SelectOfScalar

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.proposals.runs import proposals_for_review
from data.review.audit_lots import audited_now
from data.review.gold import gold_due, gold_for, gold_share
from data.review.line.lease_time import keeps_others_away
from data.review.line.modes import assign_mode
from data.review.line.next_requests import next_for
from data.review.own_levels import own_level
from data.review.stack.frames import taken_back_by
from data.store.keys import serving_key
from data.store.opening import WRITES, Store
from data.store.tables import (
    Frame,
    FrameLook,
    FrameNote,
    FrameStatus,
    Lease,
    OwnLevel,
    Proposal,
    Review,
    Scene,
)
from data.vocabulary import Mode, NoteKind, TriageLevel

LEASE_S = 15 * 60
SKIP_REST_S = 4 * 3600
"""How long a frame that somebody passed over is not served to the same person again."""


@dataclass(frozen=True)
class ServedFrame:
    """A leased frame with what its mode lets the person see. `proposal` is None in blind mode; in decide-first it
    is for showing once `first_level` is there."""

    frame: Frame
    scene: Scene
    mode: Mode
    proposal: Proposal | None
    lease_until_us: int
    first_level: TriageLevel | None = None

    @property
    def shown_proposal(self) -> Proposal | None:
        """The proposal, where the person may see it now."""
        waits = self.mode is Mode.DECIDE_FIRST and self.first_level is None
        return None if waits else self.proposal


def lease_frames(
    store: Store,
    person_id: int,
    *,
    n: int = 1,
    refill_below: int | None = None,
    lease_s: int = LEASE_S,
    shares: Mapping[Mode, float] | None = None,
) -> list[ServedFrame]:
    """Reserve frames for a person until there are n, and return them in the order in which they were served.

    refill_below: nothing is written while the person holds at least so many whose leases are still fresh.
    shares: of training frames by mode, MODE_SHARES by default; a frame keeps the mode it was leased in.
    Frames already held come first and are held on to. Raises NotAllowed for somebody who may not review.
    """
    if refill_below is not None:
        fresh = _fresh(store, person_id, n, refill_below, lease_s)
        if fresh is not None:
            return fresh
    with store.write() as session:
        require(session, person_id, Act.REVIEW)
        now_us = store.now_us(session)
        until_us = now_us + lease_s * 1_000_000
        held = _held(session, person_id, now_us)
        _renew(held, now_us, until_us)
        if len(held) < n:
            held += _take(session, person_id, n - len(held), now_us, until_us, shares)
        session.flush()
        return _served(session, held[:n])


def _fresh(store: Store, person_id: int, n: int, at_least: int, lease_s: int) -> list[ServedFrame] | None:
    """What the person holds, if that is enough and none of it has used up a third of its lease; else None."""
    with store.read() as session:
        require(session, person_id, Act.REVIEW)
        now_us = store.now_us(session)
        held = _held(session, person_id, now_us)[:n]
        renewed_after_us = now_us + lease_s * 2_000_000 // 3
        is_set_back = any(lease.leased_at_us > now_us for lease in held)
        if len(held) < at_least or is_set_back or any(lease.until_us < renewed_after_us for lease in held):
            return None
        return _served(session, held)


def _renew(held: list[Lease], now_us: int, until_us: int) -> None:
    """Hold on to frames. Where the clock was set back meanwhile they count as taken now, in the same order."""
    is_set_back = any(lease.leased_at_us > now_us for lease in held)
    for place, lease in enumerate(held):
        lease.until_us = until_us
        if is_set_back:
            lease.leased_at_us = now_us - len(held) + place


def _held(session: Session, person_id: int, now_us: int) -> list[Lease]:
    query = (
        select(Lease)
        .where(Lease.person_id == person_id, col(Lease.until_us) > now_us)
        .order_by(col(Lease.leased_at_us), Lease.frame_id)
    )
    return list(session.exec(query.with_for_update() if session.info.get(WRITES) else query))


def _take(
    session: Session,
    person_id: int,
    n: int,
    now_us: int,
    until_us: int,
    shares: Mapping[Mode, float] | None,
) -> list[Lease]:
    """New leases on the next n frames that nobody holds and this person has neither reviewed nor just skipped."""
    chosen = _next_free(session, person_id, n, now_us)
    served = _with_gold(session, person_id, chosen, now_us)
    key = serving_key(session)
    audited = audited_now(session, [status.frame_id for status in served])
    modes = {
        status.frame_id: Mode.BLIND
        if status.frame_id in audited
        else assign_mode(key, status.frame_id, person_id, status.split, shares=shares)
        for status in served
    }
    session.exec(delete(Lease).where(col(Lease.frame_id).in_(list(modes))))
    leases = _leases(session, person_id, modes, now_us, until_us)
    session.add_all(leases)
    return leases


def _next_free(session: Session, person_id: int, n: int, now_us: int) -> list[FrameStatus]:
    """At most n frames, a lead's next ones and then the front of the queue, which nobody else can take until the act
    ends.

    On PostgreSQL others take frames at the same time. Rows that they have locked are passed over; what they leased
    between the reading and the locking of a row is dropped here and made up for.
    """
    asked = next_for(session, person_id)
    first = _in_line(session, person_id, n, now_us, col(FrameStatus.frame_id).in_(asked)) if asked else []
    others = _not_in([one.frame_id for one in first])
    return first + _in_line(session, person_id, n - len(first), now_us, others)


def _in_line(
    session: Session, person_id: int, n: int, now_us: int, among: ColumnElement[bool]
) -> list[FrameStatus]:
    chosen: list[FrameStatus] = []
    passed: list[str] = []
    while len(chosen) < n:
        wanted = n - len(chosen)
        front = list(session.exec(_queue(person_id, now_us).where(among, _not_in(passed)).limit(wanted)))
        gone = _unavailable(session, person_id, [status.frame_id for status in front], now_us)
        chosen += [status for status in front if status.frame_id not in gone]
        passed += [status.frame_id for status in front]
        if len(front) < wanted:
            break
    return chosen


def _not_in(frame_ids: list[str]) -> ColumnElement[bool]:
    return col(FrameStatus.frame_id).not_in(frame_ids) if frame_ids else true()


def _unavailable(session: Session, person_id: int, frame_ids: list[str], now_us: int) -> set[str]:
    """Those of locked frames that somebody holds or this person has reviewed, read anew; none on SQLite, where
    nobody else wrote since the first reading."""
    if not frame_ids or session.get_bind().dialect.name == "sqlite":
        return set()
    there = select(Lease.frame_id).where(col(Lease.frame_id).in_(frame_ids)).order_by(Lease.frame_id)
    session.exec(there.with_for_update()).all()  # who is renewing one of them is waited for
    held = set(session.exec(there.where(keeps_others_away(now_us))))
    reviews = select(Review.frame_id).where(
        Review.person_id == person_id,
        col(Review.frame_id).in_(frame_ids),
        col(Review.frame_id).not_in(taken_back_by(person_id)),
    )
    return held | set(session.exec(reviews))


def _queue(person_id: int, now_us: int) -> SelectOfScalar[FrameStatus]:
    """The open frames that this person can be served, first in line first; whoever reads them locks them."""
    reviewed = select(Review.id).where(
        Review.person_id == person_id, col(Review.frame_id) == FrameStatus.frame_id
    )
    looked = select(FrameLook.frame_id).where(
        FrameLook.person_id == person_id, col(FrameLook.frame_id) == FrameStatus.frame_id
    )
    passed_over = select(FrameNote.frame_id).where(
        FrameNote.person_id == person_id,
        col(FrameNote.kind).in_([NoteKind.SKIP, NoteKind.UNREADABLE]),
        col(FrameNote.noted_at_us).between(now_us - SKIP_REST_S * 1_000_000, now_us),
    )
    query = (
        select(FrameStatus)
        .join(Lease, col(Lease.frame_id) == FrameStatus.frame_id, isouter=True)
        .where(
            text(
                "frame_status.reviews_needed > 0"
            ),  # spelled out: the queue's partial index needs the literal
            or_(col(Lease.frame_id).is_(None), ~keeps_others_away(now_us)),
            or_(~reviewed.exists(), col(FrameStatus.frame_id).in_(taken_back_by(person_id))),
            ~looked.exists(),
            col(FrameStatus.frame_id).not_in(passed_over),
        )
        .order_by(col(FrameStatus.priority).desc(), col(FrameStatus.frame_id).desc())
    )
    return query.with_for_update(of=FrameStatus, skip_locked=True)


def _with_gold(session: Session, person_id: int, chosen: list[FrameStatus], now_us: int) -> list[FrameStatus]:
    """The chosen frames with gold in place of some; the frames that give way stay first in line."""
    share = gold_share(session)
    if not share:
        return chosen
    written = session.exec(select(func.count(col(Review.id))).where(Review.person_id == person_id)).one()
    key = serving_key(session)
    due = [place for place in range(len(chosen)) if gold_due(key, person_id, written + place, share)]
    golds = _locked(session, person_id, gold_for(session, key, person_id, len(due), now_us), now_us)
    mixed = list(chosen)
    for place, status in zip(due, golds, strict=False):
        mixed[place] = status
    return mixed


def _locked(session: Session, person_id: int, frame_ids: list[str], now_us: int) -> list[FrameStatus]:
    """Those of the frames that can be taken now, in the same order, which nobody else can take any more."""
    if not frame_ids:
        return []
    query = select(FrameStatus).where(col(FrameStatus.frame_id).in_(frame_ids))
    free = {row.frame_id: row for row in session.exec(query.with_for_update(skip_locked=True))}
    gone = _unavailable(session, person_id, list(free), now_us)
    return [free[frame_id] for frame_id in frame_ids if frame_id in free and frame_id not in gone]


def _leases(
    session: Session, person_id: int, modes: Mapping[str, Mode], now_us: int, until_us: int
) -> list[Lease]:
    proposals = proposals_for_review(session, list(modes))
    query = select(OwnLevel).where(OwnLevel.person_id == person_id, col(OwnLevel.frame_id).in_(list(modes)))
    chosen = {one.frame_id: one.level for one in session.exec(query)}
    leases = []
    for place, (frame_id, mode) in enumerate(modes.items()):
        proposal = None if mode is Mode.BLIND else proposals.get(frame_id)
        leases.append(
            Lease(
                frame_id=frame_id,
                person_id=person_id,
                mode=mode,
                proposal_id=proposal.id if proposal else None,
                first_level=chosen.get(frame_id) if mode is Mode.DECIDE_FIRST else None,
                leased_at_us=now_us + place,
                until_us=until_us,
            )
        )
    return leases


def _served(session: Session, leases: list[Lease]) -> list[ServedFrame]:
    query = (
        select(Frame, Scene, Proposal)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Lease, col(Lease.frame_id) == Frame.id)
        .join(Proposal, col(Proposal.id) == Lease.proposal_id, isouter=True)
        .where(col(Frame.id).in_([lease.frame_id for lease in leases]))
    )
    found = {frame.id: (frame, scene, proposal) for frame, scene, proposal in session.exec(query)}
    served = []
    for lease in leases:
        frame, scene, proposal = found[lease.frame_id]
        served.append(ServedFrame(frame, scene, lease.mode, proposal, lease.until_us, lease.first_level))
    return served


def record_first_level(store: Store, person_id: int, frame_id: str, level: TriageLevel) -> ServedFrame:
    """Keep the own level of a decide-first frame, and only then hand out what is proposed.

    The first answer stays, also when the lease lapses: once the proposal has been seen, nothing can be an own level
    any more. Raises ReviewRefused for a frame that the person does not hold in this mode.
    """
    with store.write() as session:
        require(session, person_id, Act.REVIEW)
        lease = session.get(Lease, frame_id, with_for_update=True)
        if lease is None or lease.person_id != person_id or lease.mode is not Mode.DECIDE_FIRST:
            raise ReviewRefused("This frame is no longer reserved for you to decide first.")
        lease.first_level = own_level(
            session, person_id, frame_id, lease.first_level or level, store.now_us(session)
        )
        session.add(lease)
        session.flush()
        return _served(session, [lease])[0]


def release_leases(store: Store, person_id: int) -> None:
    """Give back every frame that a person holds, as when they sign out."""
    with store.write() as session:
        held = select(Lease).where(Lease.person_id == person_id).order_by(Lease.frame_id)
        for lease in session.exec(held.with_for_update()):
            session.delete(lease)
