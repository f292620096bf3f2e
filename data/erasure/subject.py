"""What somebody asks to have erased, found by its id or its name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from data.errors import EraseRefused
from data.store.tables import Feed, Frame, Scene
from data.vocabulary import ErasureKind

_SHOWN = 120


@dataclass(frozen=True)
class Subject:
    """`key`: the id of a frame or a scene, the name of a feed; `words`: what people call it."""

    kind: ErasureKind
    key: str
    words: str


def subject_of(session: Session, address: str) -> Subject:
    """The frame (id or file name), scene (id or name) or feed (name). `scene:NAME` says which kind is meant.

    Raises EraseRefused: there is none, or there are several.
    """
    found = _named(session, address)
    kind, _, name = address.partition(":")
    if not found and kind in set(ErasureKind):
        found = [one for one in _named(session, name) if one.kind == kind]
    if not found:
        raise EraseRefused(
            f"{address[:_SHOWN]!r} is neither a frame (id or file name) nor a scene (id or name) nor a feed (name) of "
            "this store. Nothing was changed."
        )
    if len(found) > 1:
        ways = " or ".join(f"{one.kind.value}:{one.key}" for one in found)
        raise EraseRefused(f"{address[:_SHOWN]!r} names more than one thing. Write {ways}.")
    return found[0]


def _named(session: Session, name: str) -> list[Subject]:
    frames = session.exec(select(Frame).where(or_(col(Frame.id) == name, col(Frame.filename) == name)))
    scenes = session.exec(select(Scene).where(or_(col(Scene.id) == name, col(Scene.name) == name)))
    feeds = session.exec(select(Feed).where(Feed.name == name))
    return [
        *(Subject(ErasureKind.FRAME, one.id, f"the frame {one.id}") for one in frames),
        *(Subject(ErasureKind.SCENE, one.id, f"the scene {one.name}") for one in scenes),
        *(Subject(ErasureKind.FEED, one.name, f"the feed {one.name}") for one in feeds),
    ]
