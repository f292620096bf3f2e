"""What a level should not depend on alone: how bright the picture is, where and at what hour it was taken, who
reviewed it. Read for verified training frames, as groups."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from data.store.tables import Frame, Review, Scene
from data.suspicion.cross_fit import Ints
from data.verification.standing import of_the_frame

FIFTHS = 5
_HOUR_US = 3_600_000_000
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\d-(\d\d)-\d\d-\d\d[+-]\d{4}")
"""How nuScenes' logs are named: by local time, with its distance to UTC."""


@dataclass(frozen=True)
class Trait:
    """`groups`: names; `group`: (n,) a place there, or -1 where nothing is known."""

    name: str
    groups: Sequence[str]
    group: Ints


def read_traits(session: Session, frame_ids: Sequence[str]) -> list[Trait]:
    """Brightness (fifths), location, hour (of the log's local time where its name tells it, else UTC) and person (who
    reviewed the frame last) of each frame."""
    query = select_columns(
        col(Frame.id), col(Frame.pixels), col(Frame.captured_at_us), col(Scene.location), col(Scene.log_name)
    ).join(Scene, col(Scene.id) == Frame.scene_id)
    wanted = set(frame_ids)
    rows = {row.id: row for row in session.connection().execute(query) if row.id in wanted}
    people = _people(session, wanted)
    luma = [(rows[one].pixels or {}).get("median_luma") for one in frame_ids]
    return [
        Trait("brightness", *fifths(luma)),
        _named("location", [rows[one].location or None for one in frame_ids]),
        _named("hour", [hour_of(rows[one].log_name, rows[one].captured_at_us) for one in frame_ids]),
        _named("person", [people.get(one) for one in frame_ids]),
    ]


def hour_of(log_name: str, captured_at_us: int) -> str:
    """The hour of the day.

    >>> hour_of("n015-2018-07-24-11-22-45+0800", 0), hour_of("drive", 3_600_000_000 * 5)
    ('11 h', '05 h UTC')
    """
    local = _LOCAL_TIME.search(log_name)
    if local:
        return f"{local[1]} h"
    return f"{captured_at_us // _HOUR_US % 24:02} h UTC"


def _people(session: Session, wanted: set[str]) -> dict[str, str]:
    query = of_the_frame(select_columns(col(Review.frame_id), col(Review.person_id))).order_by(col(Review.id))
    found = session.connection().execute(query)
    return {frame_id: f"person {person_id}" for frame_id, person_id in found if frame_id in wanted}


def fifths(values: Sequence[float | None]) -> tuple[list[str], Ints]:
    """Names of the fifths from the lowest values, and (n,) the place of each value's fifth, -1 for None."""
    numbers = np.array([np.nan if one is None else one for one in values], dtype=np.float64)
    known = np.isfinite(numbers)
    group = np.full(len(numbers), -1, dtype=np.int64)
    if known.any():
        ends = np.quantile(numbers[known], np.arange(1, FIFTHS) / FIFTHS)
        group[known] = np.searchsorted(ends, numbers[known], side="right")
    return [f"fifth {number}" for number in range(1, FIFTHS + 1)], group


def _named(name: str, values: Sequence[Hashable]) -> Trait:
    groups = sorted({str(one) for one in values if one is not None})
    place = {group: at for at, group in enumerate(groups)}
    numbers = [-1 if one is None else place[str(one)] for one in values]
    return Trait(name, groups, np.array(numbers, dtype=np.int64))
