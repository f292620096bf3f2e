"""Use cases: acts on many frames at once, each still one row per frame and person in the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pydantic import Field
from sqlmodel import Session, col, select

from data.errors import FindRefused, NotAllowed, NotNow, TeletriageError
from data.frames.named_lists import frames_marked
from data.people.permissions import Act, require
from data.review.gold import make_gold
from data.review.line.next_requests import request_next, withdraw_next
from data.review.second_looks import send_back
from data.store.opening import Store
from data.store.tables import Frame, FrameMark
from data.vocabulary import FromOutside, MarkKind

MOST = 500
MAX_NAME_CHARS = 64
_AT_ONCE = 500


class OnMany(FromOutside):
    """What a person does to frames. words: why they are sent back, the tag's or list's name, or the
    accounts that review them next ("" is everybody)."""

    act: Literal["second_look", "gold", "tag", "untag", "list", "unlist", "next", "not_next"]
    frames: list[str] = Field(min_length=1, max_length=MOST)
    words: str = ""


@dataclass(frozen=True)
class Done:
    """`done`: frames on which something was done; `refused`: the others, each with the reason."""

    done: int
    refused: list[tuple[str, str]]


def act_on_frames(store: Store, person_id: int, given: OnMany) -> Done:
    """Do one thing to many frames; one that it cannot be done to is left out and the others are not.

    Raises NotAllowed, and FindRefused for a name that is none.
    """
    match given.act:
        case "second_look":
            return _each(given.frames, partial(send_back, store, person_id, reason=given.words))
        case "gold":
            return _each(given.frames, partial(make_gold, store, person_id))
        case "next":
            return _but(given.frames, request_next(store, person_id, given.frames, given.words))
        case "not_next":
            return _but(given.frames, withdraw_next(store, person_id, given.frames))
        case "tag" | "untag":
            return mark_frames(store, person_id, given.frames, MarkKind.TAG, given.words, given.act == "tag")
        case _:
            return mark_frames(
                store, person_id, given.frames, MarkKind.LIST, given.words, given.act == "list"
            )


def _but(frame_ids: Sequence[str], refused: list[tuple[str, str]]) -> Done:
    return Done(len(set(frame_ids)) - len(refused), refused)


def _each(frame_ids: Sequence[str], act: Callable[[str], object]) -> Done:
    """Each frame in an act of its own. What is no matter of the frame, such as NotAllowed, ends them all."""
    refused: list[tuple[str, str]] = []
    for frame_id in dict.fromkeys(frame_ids):
        try:
            act(frame_id)
        except TeletriageError as error:
            if isinstance(error, NotAllowed | NotNow):
                raise
            refused.append((frame_id, str(error)))
    return Done(len(dict.fromkeys(frame_ids)) - len(refused), refused)


def mark_frames(
    store: Store, person_id: int, frame_ids: Sequence[str], kind: MarkKind, name: str, is_set: bool
) -> Done:
    """Put a tag on frames or the frames on a list, or take them off; what is so already stays and writes nothing.

    Tags are a lead's, lists are for trainers too. Raises NotAllowed, FindRefused.
    """
    called = _name(name)
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE if kind is MarkKind.TAG else Act.SEE_PROGRESS)
        wanted = list(dict.fromkeys(frame_ids))
        there = _there(session, wanted)
        marked = frames_marked(session, kind, called)
        new = [one for one in wanted if one in there and (one in marked) is not is_set]
        now_us = store.now_us(session)
        session.add_all(
            FrameMark(
                frame_id=one, person_id=person_id, kind=kind, name=called, is_set=is_set, marked_at_us=now_us
            )
            for one in new
        )
    return Done(len(new), [(one, "There is no such frame.") for one in wanted if one not in there])


def _name(name: str) -> str:
    called = " ".join(name.split())
    if not 0 < len(called) <= MAX_NAME_CHARS:
        raise FindRefused(f"A name has 1 to {MAX_NAME_CHARS} characters; this one has {len(called)}.")
    return called


def _there(session: Session, frame_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(frame_ids), _AT_ONCE):
        some = frame_ids[start : start + _AT_ONCE]
        found.update(session.exec(select(Frame.id).where(col(Frame.id).in_(some))))
    return found
