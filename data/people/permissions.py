"""Who may do what: one table, asked by every use case. What is not listed is denied."""

from __future__ import annotations

from enum import StrEnum

from sqlmodel import Session

from data.errors import NotAllowed
from data.store.opening import WRITES
from data.store.tables import Person
from data.vocabulary import PersonRole


class Act(StrEnum):
    """What a signed-in person can ask the app to do."""

    REVIEW = "review frames"
    ADJUDICATE = "adjudicate contested frames"
    WRITE_GUIDELINE = "write the guideline"
    SEE_PROGRESS = "see progress and agreement"
    SEE_REPORTS = "see evaluation reports"
    SEND_BACK = "send a verified frame back to review"
    FREEZE_SNAPSHOT = "freeze a snapshot"
    MANAGE_PEOPLE = "manage people"
    READ_TRAIL = "read the audit trail"
    WATCH_FEEDS = "watch live feeds and answer alerts"
    ERASE = "erase pictures"
    BLUR = "blur pictures"


_ALLOWED: dict[PersonRole, frozenset[Act]] = {
    PersonRole.ANNOTATOR: frozenset({Act.REVIEW}),
    PersonRole.LEAD: frozenset(
        {
            Act.REVIEW,
            Act.ADJUDICATE,
            Act.WRITE_GUIDELINE,
            Act.SEE_PROGRESS,
            Act.SEE_REPORTS,
            Act.SEND_BACK,
            Act.WATCH_FEEDS,
            Act.ERASE,
            Act.BLUR,
        }
    ),
    PersonRole.TRAINER: frozenset({Act.SEE_PROGRESS, Act.SEE_REPORTS, Act.SEND_BACK, Act.FREEZE_SNAPSHOT}),
    PersonRole.ADMIN: frozenset({Act.MANAGE_PEOPLE, Act.READ_TRAIL, Act.ERASE, Act.BLUR}),
    PersonRole.OPERATOR: frozenset({Act.WATCH_FEEDS}),
}


def may(role: PersonRole, act: Act) -> bool:
    """Whether a role permits an act."""
    return act in _ALLOWED[role]


def require(session: Session, person_id: int, act: Act) -> Person:
    """The person, if they may do this now. Raises NotAllowed.

    Where writers run side by side (PostgreSQL), the acts of one person queue from here on: two tabs cannot take
    twice what one may hold, and nobody acts in a role that is being taken away.
    """
    lock = {"key_share": True} if session.info.get(WRITES) else None
    person = session.get(Person, person_id, with_for_update=lock)
    if person is None or person.is_disabled:
        raise NotAllowed("This account is not active; ask an administrator.")
    if not may(person.role, act):
        raise NotAllowed(f"{person.name} is {_article(person.role)} and may not {act.value}.")
    return person


def _article(role: PersonRole) -> str:
    return f"an {role.value}" if role.value[0] in "aeiou" else f"a {role.value}"
