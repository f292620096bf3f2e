"""Applying what a browser's outbox holds: decisions, notes and rejected clips, each written once, in their order.

A browser sends its whole outbox again until every token is acknowledged, so everything here may be called twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlmodel import select

from data.errors import ReviewRefused, StoreUnavailable, TeletriageError
from data.review.notes import Note, note_frame
from data.review.reviews import Decision, submit_review
from data.scenarios.plausibility import Judgement, judge_clip
from data.store.opening import Store
from data.store.tables import Review

MAX_ENTRIES = 100


class DecisionEntry(Decision):
    """A decision in the outbox. `supersedes_token` names the own earlier decision that this one replaces: the
    browser knows its token before the server has given it an id."""

    kind: Literal["decision"]
    supersedes_token: str | None = Field(default=None, max_length=64)


class NoteEntry(Note):
    """A note in the outbox; its kind is the note's."""


class Acknowledgement(BaseModel):
    """What became of one entry: written (now or before), or refused with the reason to show to the person."""

    model_config = ConfigDict(frozen=True)

    token: str
    saved: bool
    reason: str | None = None


class ClipEntry(BaseModel):
    """A generated clip that cannot be real, or may be after all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["implausible", "plausible"]
    token: str
    frame_id: str

    def judgement(self) -> Judgement:
        """As the use case takes it."""
        if self.kind == "implausible":
            return Judgement(token=self.token, frame_id=self.frame_id)
        taken_back = "Taken back on the review screen."
        return Judgement(token=self.token, frame_id=self.frame_id, is_rejected=False, reason=taken_back)


Entry = DecisionEntry | NoteEntry | ClipEntry
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)


def apply_outbox(store: Store, person_id: int, decisions: Sequence[Any]) -> list[Acknowledgement]:
    """Write every entry in order and say of each what became of it. Entries past MAX_ENTRIES wait for the next call.

    A broken rule refuses its own entry and no other. A store that cannot be reached raises: the browser keeps
    everything and sends it again, and TypeError stands for an entry that is no object.
    """
    return [_apply(store, person_id, entry) for entry in decisions[:MAX_ENTRIES]]


def _apply(store: Store, person_id: int, raw: Any) -> Acknowledgement:
    if not isinstance(raw, Mapping):
        raise TypeError("an answer is an object")
    token = str(raw.get("token", ""))[:64]
    try:
        entry = _ENTRY.validate_python(raw)
        if isinstance(entry, DecisionEntry):
            submit_review(store, person_id, _decision(store, person_id, entry))
        elif isinstance(entry, ClipEntry):
            judge_clip(store, person_id, entry.judgement())
        else:
            note_frame(store, person_id, entry)
    except ValidationError as error:
        return Acknowledgement(token=token, saved=False, reason=_what_is_wrong(error))
    except StoreUnavailable:
        raise
    except TeletriageError as error:
        return Acknowledgement(token=token, saved=False, reason=str(error))
    return Acknowledgement(token=token, saved=True)


def _decision(store: Store, person_id: int, entry: DecisionEntry) -> Decision:
    """The decision as the use case takes it, its predecessor named by id."""
    given = entry.model_dump(exclude={"kind", "supersedes_token"})
    if entry.supersedes_token is not None:
        given["supersedes_id"] = _review_id(store, person_id, entry.supersedes_token)
    return Decision.model_validate(given)


def _review_id(store: Store, person_id: int, token: str) -> int:
    with store.read() as session:
        review = session.exec(
            select(Review).where(Review.token == token, Review.person_id == person_id)
        ).first()
    if review is None:
        raise ReviewRefused("The answer that this one changes was not saved, so there is nothing to change.")
    return int(review.id or 0)


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors()[0]
    field = next((str(part) for part in reversed(first["loc"]) if isinstance(part, str)), "answer")
    return f"The {field.replace('_', ' ')} cannot be saved as it is: {first['msg'].lower()}."
