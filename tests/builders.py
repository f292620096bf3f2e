"""Builders with keyword defaults: a small dataroot, a store with frames, people, proposals and reviews."""

from __future__ import annotations

from typing import Any

from data.people.accounts import add_person
from data.review.reviews import Decision, submit_review
from data.review.serving import ServedFrame, lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Person, Review
from data.vocabulary import PersonRole, TriageLevel
from tests.dataroots import (
    SHOWN_PX,
    VERSION,
    A,
    S,
    T,
    a_box,
    a_dataroot,
    a_filename,
    a_model_picture,
    a_picture,
    a_raw_reply,
    a_token,
    replies_file,
)
from tests.stores import a_store, an_empty_store, new_store_url

__all__ = [
    "SHOWN_PX",
    "VERSION",
    "A",
    "S",
    "T",
    "a_box",
    "a_dataroot",
    "a_decision",
    "a_filename",
    "a_model_picture",
    "a_person",
    "a_picture",
    "a_raw_reply",
    "a_store",
    "a_token",
    "an_empty_store",
    "frames_of",
    "new_store_url",
    "replies_file",
    "reviewed",
]


def a_person(store: Store, name: str = "ada", role: PersonRole = PersonRole.ANNOTATOR) -> int:
    """The id of a new person, whose password is `password-NAME`."""
    person: Person = add_person(store, name, role, password=f"password-{name}")
    return int(person.id or 0)


def a_decision(served: ServedFrame | str, level: TriageLevel = S, **changes: Any) -> Decision:
    """A decision on a frame; without words where the level is the proposed one."""
    frame_id = served if isinstance(served, str) else served.frame.id
    fields: dict[str, Any] = {
        "token": a_token(f"{frame_id}-{changes.get('person', '')}-{level.value}"),
        "frame_id": frame_id,
        "level": level,
        "guideline_version": "test",
        "first_level": level,
        "reasoning": f"A person says {level.value}.",
        "action": "Do what fits.",
    }
    changes.pop("person", None)
    return Decision.model_validate({**fields, **changes})


def reviewed(store: Store, person_id: int, frame_id: str, level: TriageLevel, **changes: Any) -> Review:
    """One review, through the same lease and act as the app."""
    served = {one.frame.id: one for one in lease_frames(store, person_id, n=2000)}
    written = submit_review(
        store, person_id, a_decision(served[frame_id], level, person=person_id, **changes)
    )
    release_leases(store, person_id)
    return written


def frames_of(scene: str, frames: int = 4) -> list[str]:
    """The frame ids of a built scene, in time order."""
    return [a_token(f"frame-{scene}-{position}") for position in range(frames)]
