"""Frames by what people call them: an id, or a picture's file, with its data set where several have it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from data.errors import TraceError
from data.store.tables import Dataset, Frame, Scene

_PLACE = re.compile(r"(?P<scene>\S+)(?: ·)? frame (?P<number>[0-9]{1,6})(?: · .*)?")
_BEGINNING = re.compile(r"[0-9a-f]{6,32}")


def frame_named(session: Session, address: str) -> Frame | None:
    """The frame of an id, a file name, or DATA-SET/FILE. Raises TraceError where several data sets have the file."""
    name, _, file = address.partition("/")
    in_data_set = (col(Dataset.name) == name) & (col(Frame.filename) == file)
    query = (
        select(Frame, Dataset.name)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(or_(col(Frame.id) == address, col(Frame.filename) == address, in_data_set))
        .order_by(Dataset.name)
    )
    rows = session.exec(query).all()
    if len(rows) > 1:
        names = [data_set for _, data_set in rows]
        raise TraceError(
            f"The data sets {' and '.join(names)} have {address!r}: write the data set before it, as in "
            f"{names[0]}/{address}."
        )
    return rows[0][0] if rows else None


def frame_shown_as(session: Session, words: str) -> Frame | None:
    """The frame that screens write as `scene-0103 · frame 17 · …`, or tables by the beginning of its id. Raises
    TraceError where several are written so."""
    wanted = _shown_as(words)
    found = [] if wanted is None else session.exec(select(Frame).where(wanted).limit(2)).all()
    if len(found) > 1:
        raise TraceError(f"Several frames are written as {words!r}: enter the id of one of them.")
    return found[0] if found else None


def _shown_as(words: str) -> ColumnElement[bool] | None:
    if place := _PLACE.fullmatch(words):
        scenes = select(Scene.id).where(col(Scene.name) == place["scene"])
        return col(Frame.scene_id).in_(scenes) & (col(Frame.position) == int(place["number"]) - 1)
    return col(Frame.id).startswith(words) if _BEGINNING.fullmatch(words) else None


def by_address(rows: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Frame ids by each of their addresses, from (id, file name, data set's name). A file name that several data sets
    have is no address by itself.

    >>> sorted(by_address([("1", "a.jpg", "x"), ("2", "b.jpg", "x"), ("3", "a.jpg", "y")]))
    ['1', '2', '3', 'b.jpg', 'x/a.jpg', 'x/b.jpg', 'y/a.jpg']
    """
    found: dict[str, str] = {}
    by_file: dict[str, list[str]] = {}
    for frame_id, filename, data_set in rows:
        found |= {frame_id: frame_id, f"{data_set}/{filename}": frame_id}
        by_file.setdefault(filename, []).append(frame_id)
    return found | {file: ids[0] for file, ids in by_file.items() if len(ids) == 1}
