"""Named lists of frames, as leads and trainers put them together when they find frames."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlmodel import Session, col, select

from data.errors import FindRefused
from data.hashing import canonical_json
from data.store.tables import FrameMark
from data.vocabulary import MarkKind


@dataclass(frozen=True)
class NamedList:
    """A list's frames at one moment."""

    name: str
    frame_ids: frozenset[str]

    @property
    def sha256(self) -> str:
        """Over the ids of its frames, in their order: the same frames under another name have the same hash."""
        return hashlib.sha256(canonical_json(sorted(self.frame_ids)).encode()).hexdigest()

    def as_dict(self) -> dict[str, object]:
        return {"name": self.name, "frames": len(self.frame_ids), "sha256": self.sha256}


def frames_marked(session: Session, kind: MarkKind, name: str) -> set[str]:
    """The frames that a tag is on, or that are on a list, now."""
    return _marked(session, kind, name).get(name, set())


def named_list(session: Session, name: str) -> NamedList:
    """The list of that name. Raises FindRefused, naming those that there are."""
    found = _marked(session, MarkKind.LIST, name)
    if name not in found:
        known = ", ".join(list_names(session))
        there = (
            f"The lists are {known}." if known else "There is none yet: frames are put on one under Frames."
        )
        raise FindRefused(f"There is no list {name[:64]!r}. {there}")
    return NamedList(name, frozenset(found[name]))


def list_names(session: Session) -> list[str]:
    """The lists that hold a frame now, by name."""
    return sorted(_marked(session, MarkKind.LIST))


def _marked(session: Session, kind: MarkKind, name: str | None = None) -> dict[str, set[str]]:
    """Frames by name, without names that no frame has any more."""
    query = select(FrameMark.name, FrameMark.frame_id, FrameMark.is_set).where(FrameMark.kind == kind)
    if name is not None:
        query = query.where(FrameMark.name == name)
    found: dict[str, set[str]] = {}
    for called, frame_id, is_set in session.exec(query.order_by(col(FrameMark.id))):
        frames = found.setdefault(called, set())
        (frames.add if is_set else frames.discard)(frame_id)
    return {called: frames for called, frames in found.items() if frames}
