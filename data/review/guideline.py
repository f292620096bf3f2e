"""The guideline that annotators work by, and its version, which every review carries.

The project brings one; a lead may write another, which then holds. Every text that ever held stays in the store.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from sqlmodel import col, select

from data.errors import GuidelineRefused
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import GuidelineText, Person
from data.vocabulary import storable_text

MAX_CHARS = 20_000


@dataclass(frozen=True)
class Guideline:
    """A guideline text and its version."""

    text: str
    version: str


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
        written = session.exec(select(GuidelineText).order_by(col(GuidelineText.id).desc()).limit(1)).first()
    if written is None:
        return Guideline(guideline_text(), guideline_version())
    return Guideline(written.text, written.version)


def write_guideline(store: Store, person_id: int, text: str) -> Guideline:
    """Make a text the guideline from now on. Raises NotAllowed, GuidelineRefused."""
    text = storable_text(text).strip() + "\n"
    if not 1 < len(text) <= MAX_CHARS:
        raise GuidelineRefused(f"A guideline has 1 to {MAX_CHARS:,} characters; this one has {len(text):,}.")
    if text == current_guideline(store).text:
        raise GuidelineRefused("The guideline already says exactly this.")
    with store.write() as session:
        require(session, person_id, Act.WRITE_GUIDELINE)
        session.add(
            GuidelineText(
                version=version_of(text), text=text, person_id=person_id, written_at_us=store.now_us(session)
            )
        )
    return Guideline(text, version_of(text))


def guideline_history(store: Store) -> list[tuple[GuidelineText, Person]]:
    """What leads wrote and who, newest first."""
    with store.read() as session:
        query = (
            select(GuidelineText, Person)
            .join(Person, col(Person.id) == GuidelineText.person_id)
            .order_by(col(GuidelineText.id).desc())
        )
        return [(text, person) for text, person in session.exec(query)]
