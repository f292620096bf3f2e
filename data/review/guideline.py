"""The guideline that annotators work by, and its version, which every review carries.

The project brings one, which is version 1; a lead may write another, which then holds. Every text that ever held stays
in the store, with a note on what changed and why.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from sqlmodel import Session, col, func, select

from data.errors import GuidelineRefused
from data.people.permissions import Act, may, require
from data.store.opening import Store
from data.store.tables import GuidelineReading, GuidelineText, Person, Review
from data.vocabulary import storable_text

MAX_CHARS = 20_000
MAX_NOTE_CHARS = 300


@dataclass(frozen=True)
class Guideline:
    """A guideline text, its version (a hash, which reviews carry) and its number, counted from 1. `author` and
    `written_at_us` are None for the text that the project brings; `note` says what changed and why."""

    text: str
    version: str
    number: int = 1
    author: str | None = None
    written_at_us: int | None = None
    note: str | None = None
    author_id: int | None = None


@dataclass(frozen=True)
class GuidelineChange:
    """What a person has not read yet: the guideline that holds now, and the text that this person worked by before."""

    now: Guideline
    before: Guideline


@cache
def guideline_text() -> str:
    """The guideline that the project brings, as Markdown."""
    return resources.files("data.review").joinpath("guideline.md").read_text(encoding="utf-8")


@cache
def guideline_version() -> str:
    """The version of the guideline that the project brings."""
    return version_of(guideline_text())


def version_of(text: str) -> str:
    """SHA-256 of a guideline, first 12 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def current_guideline(store: Store) -> Guideline:
    """The guideline that holds now: the latest a lead wrote, else the project's own."""
    with store.read() as session:
        return guideline_in_force(session)


def guideline_in_force(session: Session) -> Guideline:
    """As `current_guideline`, inside the caller's session."""
    latest = session.exec(select(GuidelineText).order_by(col(GuidelineText.id).desc()).limit(1)).first()
    if latest is None:
        return _own()
    written = session.exec(select(func.count(col(GuidelineText.id)))).one()
    return _written(latest, int(written) + 1, session.get_one(Person, latest.person_id))


def guideline_history(store: Store) -> list[Guideline]:
    """Every version there was, newest first; the last one is the project's own."""
    with store.read() as session:
        return _history(session)


def write_guideline(
    store: Store, person_id: int, text: str, *, note: str, follows: int | None = None
) -> Guideline:
    """Make a text the guideline from now on. follows: the number of the version that it was written from.

    Raises NotAllowed, and GuidelineRefused: no text, no note, nothing changed, or another version in force meanwhile.
    """
    text, note = storable_text(text).strip() + "\n", storable_text(note).strip()
    if not 1 < len(text) <= MAX_CHARS:
        raise GuidelineRefused(f"A guideline has 1 to {MAX_CHARS:,} characters; this one has {len(text):,}.")
    if not 3 <= len(note) <= MAX_NOTE_CHARS:  # noqa: PLR2004
        raise GuidelineRefused(
            f"Say in 3 to {MAX_NOTE_CHARS} characters what changed and why; annotators read it. This is {len(note)}."
        )
    with store.write() as session:
        person = require(session, person_id, Act.WRITE_GUIDELINE)
        held = guideline_in_force(session)
        if follows not in (None, held.number):
            raise GuidelineRefused(
                f"{held.author} published version {held.number} meanwhile. Copy your text, load the page again and "
                "look at it first."
            )
        if text == held.text:
            raise GuidelineRefused("The guideline already says exactly this.")
        row = GuidelineText(
            version=version_of(text),
            text=text,
            person_id=person_id,
            written_at_us=store.now_us(session),
            note=note,
        )
        session.add(row)
        return _written(row, held.number + 1, person)


def unread_change(session: Session, person_id: int, now: Guideline) -> GuidelineChange | None:
    """The change that this person has to read; None for somebody who has written or read the version in force, or began
    under it."""
    if (
        now.author_id in (None, person_id)
        or session.get(GuidelineReading, (person_id, now.number)) is not None
    ):
        return None
    before = _known_to(session, person_id)
    return None if before is None or before.number == now.number else GuidelineChange(now, before)


def read_guideline(store: Store, person_id: int, number: int) -> None:
    """Note that somebody has read what changed; once per version. Raises NotAllowed, GuidelineRefused."""
    with store.write() as session:
        require(session, person_id, Act.REVIEW)
        held = guideline_in_force(session)
        if number != held.number:
            raise GuidelineRefused(
                f"Version {number} is not the one in force; version {held.number} is. Read that one."
            )
        if session.get(GuidelineReading, (person_id, number)) is None:
            session.add(_reading(person_id, number, held.version, store.now_us(session)))


def readers(session: Session) -> tuple[int, int]:
    """Of those who reviewed before the version in force and still can: how many have read it, and how many there
    are."""
    held = guideline_in_force(session)
    if held.written_at_us is None:
        return 0, 0
    before = select(Review.id).where(
        Review.person_id == Person.id, Review.reviewed_at_us < held.written_at_us
    )
    query = select(Person).where(
        col(Person.is_disabled).is_(False),
        col(Person.is_scripted).is_(False),
        Person.id != held.author_id,
        before.exists(),
    )
    people = {int(person.id or 0) for person in session.exec(query) if may(person.role, Act.REVIEW)}
    read = set(
        session.exec(
            select(GuidelineReading.person_id).where(GuidelineReading.guideline_number == held.number)
        )
    )
    return len(people & read), len(people)


def _own() -> Guideline:
    return Guideline(guideline_text(), guideline_version())


def _written(row: GuidelineText, number: int, person: Person) -> Guideline:
    return Guideline(
        row.text, row.version, number, person.display_name, row.written_at_us, row.note, row.person_id
    )


def _history(session: Session) -> list[Guideline]:
    query = (
        select(GuidelineText, Person)
        .join(Person, col(Person.id) == GuidelineText.person_id)
        .order_by(col(GuidelineText.id))
    )
    written = [_written(row, place, person) for place, (row, person) in enumerate(session.exec(query), 2)]
    return [*reversed(written), _own()]


def _known_to(session: Session, person_id: int) -> Guideline | None:
    """The version that a person last read, else the one of this person's first review (version 1 where the store does
    not have that text); None for somebody who has done neither."""
    numbers = select(func.max(GuidelineReading.guideline_number)).where(
        GuidelineReading.person_id == person_id
    )
    number = session.exec(numbers).one()
    if number is None:
        began = select(func.min(Review.id)).where(Review.person_id == person_id)
        first = session.get(Review, session.exec(began).one() or 0)
        if first is None:
            return None
        history = _history(session)
        return next((one for one in history if one.version == first.guideline_version), history[-1])
    return next(one for one in _history(session) if one.number == number)


def _reading(person_id: int, number: int, version: str, now_us: int) -> GuidelineReading:
    return GuidelineReading(person_id=person_id, guideline_number=number, version=version, read_at_us=now_us)
