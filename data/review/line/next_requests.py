"""Use cases: frames that a lead wants reviewed before all others, by everybody or by named people.

They come behind what somebody holds already, as the order has them among each other. Only their place changes: mode,
gold and leases are what they are for any frame. A frame that needs no review any more leaves by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from data.errors import ReviewRefused
from data.people.permissions import Act, may, require
from data.review.audit_lots import audited_now
from data.store.opening import Store
from data.store.tables import FrameStatus, NextRequest, Person

MOST = 500
"""Frames that wait as a lead's next ones for one person at a time."""
Refused = list[tuple[str, str]]


def request_next(store: Store, person_id: int, frame_ids: Sequence[str], names: str = "") -> Refused:
    """Have frames served before the order. names: accounts, divided by commas; "" is everybody.

    Returns the frames that cannot be, each with the reason. What is requested already writes nothing. Raises
    NotAllowed, and ReviewRefused for somebody who is no reviewer.
    """
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE)
        people = _people(session, names)
        waiting, audited = _waiting(session, frame_ids), audited_now(session, frame_ids)
        refused = [
            (one, "It stands in the open audit, whose order is drawn at random.")
            if one in audited
            else (one, "It waits for no review.")
            for one in dict.fromkeys(frame_ids)
            if one in audited or one not in waiting
        ]
        left_out = {one for one, _ in refused}
        there = {(one.frame_id, one.for_person_id) for one in _standing(session, frame_ids)}
        now_us = store.now_us(session)
        session.add_all(
            NextRequest(
                frame_id=one, person_id=person_id, for_person_id=who, is_set=True, requested_at_us=now_us
            )
            for one in dict.fromkeys(frame_ids)
            for who in people
            if one not in left_out and (one, who) not in there
        )
        return refused


def withdraw_next(store: Store, person_id: int, frame_ids: Sequence[str]) -> Refused:
    """Let frames come where the order has them again, for everybody. Raises NotAllowed."""
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE)
        there = _standing(session, frame_ids)
        now_us = store.now_us(session)
        session.add_all(
            NextRequest(
                frame_id=one.frame_id,
                person_id=person_id,
                for_person_id=one.for_person_id,
                is_set=False,
                requested_at_us=now_us,
            )
            for one in there
        )
        known = {one.frame_id for one in there}
        return [(one, "It was not requested.") for one in dict.fromkeys(frame_ids) if one not in known]


def next_for(session: Session, person_id: int) -> list[str]:
    """Frames that this person is to be served before the order, as far as they wait for a review."""
    query = (
        _standing_query()
        .join(FrameStatus, col(FrameStatus.frame_id) == NextRequest.frame_id)
        .where(
            or_(col(NextRequest.for_person_id).is_(None), NextRequest.for_person_id == person_id),
            FrameStatus.reviews_needed > 0,
            col(FrameStatus.is_audit).is_(False),
        )
        .limit(MOST)
    )
    return list(dict.fromkeys(one.frame_id for one in session.exec(query)))


def standing_requests(session: Session) -> list[tuple[str, str | None]]:
    """Every frame that is wanted next, with the account that is to review it, None for everybody's. Those that wait for
    no review any more, or stand in the open audit, are among them: they are served where the order has them."""
    names = {one.id: one.name for one in session.exec(select(Person))}
    return [
        (one.frame_id, names[one.for_person_id] if one.for_person_id else None)
        for one in session.exec(_standing_query())
    ]


def why_next(session: Session, frame_id: str) -> list[str]:
    """Who wants it reviewed next, in words for leads; empty where it waits for no review.

    A line reads `asked for next by Lena, of everybody`.
    """
    status = session.get(FrameStatus, frame_id)
    if status is None or not status.reviews_needed:
        return []
    names = {one.id: one.display_name for one in session.exec(select(Person))}
    return [
        f"asked for next by {names[one.person_id]}, "
        f"of {names[one.for_person_id] if one.for_person_id else 'everybody'}"
        for one in _standing(session, [frame_id])
    ]


def _standing(session: Session, frame_ids: Sequence[str]) -> Sequence[NextRequest]:
    return session.exec(_standing_query().where(col(NextRequest.frame_id).in_(frame_ids))).all()


def _standing_query() -> SelectOfScalar[NextRequest]:
    """Requests that nobody has taken back: the latest of a frame and a person, where it is one."""
    later: Any = aliased(NextRequest)
    newer = select(later.id).where(
        later.frame_id == NextRequest.frame_id,
        func.coalesce(later.for_person_id, 0) == func.coalesce(NextRequest.for_person_id, 0),
        later.id > NextRequest.id,
    )
    return (
        select(NextRequest)
        .where(col(NextRequest.is_set).is_(True), ~newer.exists())
        .order_by(col(NextRequest.id))
    )


def _people(session: Session, names: str) -> list[int | None]:
    wanted = [one.strip() for one in names.split(",") if one.strip()]
    if not wanted:
        return [None]
    reviewers = {
        one.name: one.id
        for one in session.exec(select(Person).where(col(Person.is_disabled).is_(False)))
        if may(one.role, Act.REVIEW)
    }
    for one in wanted:
        if one not in reviewers:
            known = ", ".join(sorted(reviewers))
            raise ReviewRefused(f"Nobody who reviews has the account {one[:64]!r}; those who do are {known}.")
    return [reviewers[one] for one in dict.fromkeys(wanted)]


def _waiting(session: Session, frame_ids: Sequence[str]) -> set[str]:
    query = select(FrameStatus.frame_id).where(
        col(FrameStatus.frame_id).in_(frame_ids), FrameStatus.reviews_needed > 0
    )
    return set(session.exec(query))
