"""Use cases: questions kept under a name. Everybody who sees frames sees all views; each is its owner's."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from data.errors import FindRefused
from data.find.question import from_address
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import Person, SavedView
from data.vocabulary import storable_text

MAX_NAME_CHARS = 64


@dataclass(frozen=True)
class View:
    """A question under its owner's name for it; `owner` as people call them."""

    name: str
    owner: str
    is_own: bool
    address: str


def save_view(store: Store, person_id: int, name: str, address: str) -> SavedView:
    """Keep a question, in place of the own one of that name; an empty address forgets it.

    Raises NotAllowed, and FindRefused: no name, or an address that asks nothing.
    """
    called = " ".join(storable_text(name).split())
    if not 0 < len(called) <= MAX_NAME_CHARS:
        raise FindRefused(f"A view's name has 1 to {MAX_NAME_CHARS} characters; this one has {len(called)}.")
    kept = from_address(address).address if address else ""
    with store.write() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        view = SavedView(person_id=person_id, name=called, address=kept, saved_at_us=store.now_us(session))
        session.add(view)
        return view


def saved_views(store: Store, person_id: int) -> list[View]:
    """All views that are kept, the person's own first, then by owner and name. Raises NotAllowed."""
    with store.read() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        query = select(SavedView, Person).join(Person, col(Person.id) == SavedView.person_id)
        rows = session.exec(query.order_by(col(SavedView.id))).all()
    latest = {(view.person_id, view.name): (view, owner) for view, owner in rows}
    views = [
        View(view.name, owner.display_name, view.person_id == person_id, view.address)
        for view, owner in latest.values()
        if view.address
    ]
    return sorted(views, key=lambda one: (not one.is_own, one.owner, one.name))
