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
from data.review.stack.judgements import StackDecision, judge_stack, take_stack_back
from data.scenarios.plausibility import Judgement, judge_clip
from data.store.opening import Store
from data.store.tables import Review
from data.text.phrases import counted
from data.vocabulary import Mode

MAX_ENTRIES = 100


class DecisionEntry(Decision):
    """A decision in the outbox. `supersedes_token` names the own earlier decision that this one replaces: the
    browser knows its token before the server has given it an id."""

    kind: Literal["decision"]
    supersedes_token: str | None = Field(default=None, max_length=64)


class StackEntry(StackDecision):
    """A decision on the frame on screen and its look-alikes."""

    kind: Literal["stack"]


class UnstackEntry(BaseModel):
    """What was judged together is taken back; `stack` is the token of the decision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["unstack"]
    token: str
    frame_id: str
    stack: str = Field(min_length=8, max_length=64)


class NoteEntry(Note):
    """A note in the outbox; its kind is the note's."""


class Acknowledgement(BaseModel):
    """What became of one entry: written (now or before), or refused with the reason to show to the person. A stack that
    was written without some of its frames has a reason too."""

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


Entry = DecisionEntry | StackEntry | UnstackEntry | NoteEntry | ClipEntry
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)


def apply_outbox(
    store: Store, person_id: int, decisions: Sequence[Any], *, shares: Mapping[Mode, float] | None = None
) -> list[Acknowledgement]:
    """Write every entry in order and say of each what became of it. Entries past MAX_ENTRIES wait for the next call.

    A broken rule refuses its own entry and no other. A store that cannot be reached raises: the browser keeps
    everything and sends it again, and TypeError stands for an entry that is no object. shares: of training frames by
    mode, as they are served.
    """
    return [_apply(store, person_id, entry, shares) for entry in decisions[:MAX_ENTRIES]]


def _apply(store: Store, person_id: int, raw: Any, shares: Mapping[Mode, float] | None) -> Acknowledgement:
    if not isinstance(raw, Mapping):
        raise TypeError("an answer is an object")
    token = str(raw.get("token", ""))[:64]
    told = None
    try:
        entry = _ENTRY.validate_python(raw)
        if isinstance(entry, DecisionEntry):
            submit_review(store, person_id, _decision(store, person_id, entry))
        elif isinstance(entry, StackEntry):
            told = _judge_stack(store, person_id, entry, shares)
        elif isinstance(entry, UnstackEntry):
            take_stack_back(store, person_id, entry.stack)
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
    return Acknowledgement(token=token, saved=True, reason=told)


def _judge_stack(
    store: Store, person_id: int, entry: StackEntry, shares: Mapping[Mode, float] | None
) -> str | None:
    """What to tell where not all of the stack got the level."""
    decision = StackDecision.model_validate(entry.model_dump(exclude={"kind"}))
    left = len(judge_stack(store, person_id, decision, shares=shares).left_out)
    if not left:
        return None
    return f"{counted(left, 'frame')} of the stack could not be judged with it any more and will come alone."


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
