"""Where a card leads a lead to frames like the one on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from annotator.widgets.frame_links import frames_address
from data.alike.vectors import Vectors, current_vectors
from data.errors import VectorsError
from data.find.question import About
from data.people.permissions import Act, may
from data.store.opening import Store
from data.store.tables import Person

Told = dict[str, Any]


def with_alike(store: Store, person_id: int, frames: list[Told], vectors: Vectors | None) -> list[Told]:
    """Frames of the card, each with the address of those like it where that tells nothing that the card hides: for
    leads, and while the model's proposal is on the card. Whether a frame is gold makes no difference."""
    with store.read() as session:
        person = session.get(Person, person_id)
    if vectors is None or person is None or not may(person.role, Act.ADJUDICATE):
        return frames
    return [{**one, **_address(one, vectors)} if "proposal" in one else one for one in frames]


def _address(told: Told, vectors: Vectors) -> Told:
    frame_id = str(told["frame"])
    return {"alike": frames_address((About.LIKE, frame_id))} if frame_id in vectors.place else {}


def settled_alike(told: Told, vectors: Vectors | None) -> Told:
    """The same for a frame to settle; none for one of the random share, of which nobody's words are told."""
    return told if told["is_random"] or vectors is None else {**told, **_address(told, vectors)}


def readable_vectors(workspace: Path) -> Vectors | None:
    """The vectors, if there are any that can be read: a card does without them."""
    try:
        return current_vectors(workspace)
    except VectorsError:
        return None
