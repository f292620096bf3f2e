"""Use cases: pausing a person's answers and releasing them again, by a lead, with a reason.

The person keeps their work and goes on reviewing. While the pause lasts, no answer of theirs, earlier or later, is one
of those that verify a frame: another person or a lead has to look. They still contest. Both acts derive the status of
every frame anew on which the person answered.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from data.errors import ReviewRefused
from data.people.permissions import Act, may, require
from data.review.blind_audits import follow_open_lot
from data.store.opening import Store
from data.store.tables import AnswerPause, AnswerRelease, FrameStatus, Person, Review
from data.verification.status import hold, refresh
from data.vocabulary import VerificationState, storable_text

MAX_REASON_CHARS = 300
_FRAMES_AT_ONCE = 500


@dataclass(frozen=True)
class OpenPause:
    """A pause that lasts: whose answers, by whom, and how many frames on which they answered wait for a review."""

    pause: AnswerPause
    person: Person
    by: Person
    waiting: int


def pause_answers(store: Store, by: int, person_id: int, reason: str) -> int:
    """Pause a person's answers, as a lead (`by`); returns how many frames are no longer verified.

    Raises NotAllowed, and ReviewRefused: no reason, nobody who reviews, the lead's own answers, or paused already.
    """
    told = _told(reason, "Say in a few words why these answers are paused; the trail keeps it.")
    with store.write(alone=True) as session:
        require(session, by, Act.ADJUDICATE)
        person = _held(session, person_id)
        if person is None or not may(person.role, Act.REVIEW):
            raise ReviewRefused(f"There is nobody with the number {person_id} who reviews frames.")
        if person_id == by:
            raise ReviewRefused("You cannot pause your own answers; ask another lead.")
        if _open(session, person_id) is not None:
            raise ReviewRefused(f"The answers of {person.display_name} are paused already.")
        before = _verified(session, person_id)
        now_us = store.now_us(session)
        session.add(AnswerPause(person_id=person_id, by_id=by, reason=told, paused_at_us=now_us))
        session.flush()
        _refresh(session, person_id)
        return before - _verified(session, person_id)


def release_answers(store: Store, by: int, person_id: int, reason: str) -> int:
    """Let a person's answers count again; returns how many frames are verified by that.

    Raises NotAllowed, and ReviewRefused: no reason, the lead's own answers, or answers that are not paused.
    """
    told = _told(reason, "Say in a few words why these answers count again; the trail keeps it.")
    with store.write(alone=True) as session:
        require(session, by, Act.ADJUDICATE)
        _held(session, person_id)
        pause = _open(session, person_id)
        if pause is None:
            raise ReviewRefused("These answers are not paused.")
        if person_id == by:
            raise ReviewRefused("You cannot release your own answers; ask another lead.")
        before = _verified(session, person_id)
        now_us = store.now_us(session)
        session.add(AnswerRelease(pause_id=int(pause.id or 0), by_id=by, reason=told, released_at_us=now_us))
        session.flush()
        _refresh(session, person_id)
        follow_open_lot(session, by, now_us)
        return _verified(session, person_id) - before


def open_pauses(session: Session) -> list[OpenPause]:
    """The pauses that last, oldest first."""
    query = select(AnswerPause).where(col(AnswerPause.id).not_in(select(AnswerRelease.pause_id)))
    return [
        OpenPause(
            pause,
            session.get_one(Person, pause.person_id),
            session.get_one(Person, pause.by_id),
            _waiting(session, pause.person_id),
        )
        for pause in session.exec(query.order_by(col(AnswerPause.id)))
    ]


def _told(reason: str, otherwise: str) -> str:
    told = storable_text(reason).strip()
    if not 3 <= len(told) <= MAX_REASON_CHARS:  # noqa: PLR2004
        raise ReviewRefused(f"{otherwise} (3 to {MAX_REASON_CHARS} characters; this is {len(told)}.)")
    return told


def _held(session: Session, person_id: int) -> Person | None:
    """The person, whose own acts wait until the caller's ends: an answer written meanwhile would slip through."""
    return session.get(Person, person_id, with_for_update={"key_share": True})


def _open(session: Session, person_id: int) -> AnswerPause | None:
    released = select(AnswerRelease.pause_id)
    query = select(AnswerPause).where(
        AnswerPause.person_id == person_id, col(AnswerPause.id).not_in(released)
    )
    return session.exec(query).first()


def _refresh(session: Session, person_id: int) -> None:
    frame_ids = sorted(session.exec(select(Review.frame_id).where(Review.person_id == person_id).distinct()))
    for start in range(0, len(frame_ids), _FRAMES_AT_ONCE):
        some = frame_ids[start : start + _FRAMES_AT_ONCE]
        hold(session, *some)
        refresh(session, some)
        session.flush()


def _verified(session: Session, person_id: int) -> int:
    return _count(session, person_id, VerificationState.VERIFIED)


def _waiting(session: Session, person_id: int) -> int:
    return _count(session, person_id, VerificationState.AWAITING)


def _count(session: Session, person_id: int, state: VerificationState) -> int:
    answered = select(Review.frame_id).where(Review.person_id == person_id)
    query = select(func.count()).select_from(FrameStatus).where(FrameStatus.state == state)
    return int(session.exec(query.where(col(FrameStatus.frame_id).in_(answered))).one())
