"""Looking up what is there in frames that were asked about: once per frame, from the dataroot's tables and maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import insert
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.errors import DatarootError
from data.frames.driven_path import Floats, coming_path, distances_from_path
from data.grounding.scene_facts import SceneFacts, Thing, things_of
from data.nuscenes.map_expansion import Intersections, in_global_axes, read_intersections
from data.nuscenes.seen_things import SeenKeyframe, read_seen_things
from data.nuscenes.tables import CAMERA
from data.sources.port import Lack
from data.store.opening import Store
from data.store.tables import Dataset, Frame, FrameThings, Proposal, Scene

REACH_M = 80.0
NO_JUNCTION = -1.0
_FRAMES_AT_ONCE = 1_000
_IDS_AT_ONCE = 500
_GAP_S = 1.5


@dataclass
class LookedUp:
    """How many frames' things were looked up, and why others' could not be, by data set."""

    frames: int = 0
    reasons: dict[str, str] = field(default_factory=dict)


def look_up_things(store: Store) -> LookedUp:
    """Keep what is there in every frame that a model was asked about. A dataroot that cannot be read is a reason."""
    done = LookedUp()
    for tables, frames in _wanted(store).items():
        try:
            rows = list(_rows(tables, frames))
        except DatarootError as error:
            done.reasons[tables.name] = str(error)
            continue
        for start in range(0, len(rows), _FRAMES_AT_ONCE):
            with store.write(alone=True) as session:
                _add(session, rows[start : start + _FRAMES_AT_ONCE])
        done.frames += len(rows)
    return done


def _add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    ids = [row["frame_id"] for row in rows]
    there = set(session.exec(select(FrameThings.frame_id).where(col(FrameThings.frame_id).in_(ids))))
    if new := [row for row in rows if row["frame_id"] not in there]:
        session.connection().execute(insert(FrameThings), new)


class _Tables(NamedTuple):
    """Where a data set's tables are; data sets without any have nothing to look up."""

    name: str
    dataroot: str
    version: str
    camera: str


def _wanted(store: Store) -> dict[_Tables, dict[str, dict[str, str]]]:
    """Frames of a camera that were asked about and not looked up, by tables, scene and id; each with its scene's
    location."""
    asked = select(Proposal.frame_id).distinct()
    query = (
        select_columns(
            col(Frame.id),
            col(Scene.id),
            col(Scene.location),
            col(Dataset.name),
            col(Dataset.dataroot),
            col(Dataset.version),
            col(Dataset.camera),
        )
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .outerjoin(FrameThings, col(FrameThings.frame_id) == Frame.id)
        .where(
            col(FrameThings.frame_id).is_(None),
            col(Frame.generated_clip_id).is_(None),
            col(Frame.id).in_(asked),
            col(Dataset.version).is_not(None),
        )
    )
    wanted: dict[_Tables, dict[str, dict[str, str]]] = {}
    with store.read() as session:
        for frame, scene, location, name, root, version, camera in session.connection().execute(query):
            tables = _Tables(name, root, str(version), camera or CAMERA)
            wanted.setdefault(tables, {}).setdefault(scene, {})[frame] = location
    return wanted


def _rows(tables: _Tables, wanted: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    maps: dict[str, Intersections | None] = {}
    dataroot = Path(tables.dataroot)
    for scene, keyframes in read_seen_things(dataroot, tables.version, wanted.keys(), tables.camera).items():
        for position, one in enumerate(keyframes):
            if one.token in wanted[scene]:
                location = wanted[scene][one.token]
                if location not in maps:
                    maps[location] = read_intersections(dataroot, location)
                yield _row(keyframes, position, maps[location])


def _row(keyframes: Sequence[SeenKeyframe], position: int, junctions: Intersections | None) -> dict[str, Any]:
    one, path = keyframes[position], _path(keyframes, position)
    junction_m = None
    if junctions is not None:
        metres = junctions.metres_ahead(in_global_axes(path, one.ego_xy_m, one.ego_yaw_rad))
        junction_m = NO_JUNCTION if metres is None else metres
    things = None if one.things is None else [thing.as_list() for thing in _placed(one, path)]
    return {
        "frame_id": one.token,
        "things": things,
        "speed_mps": _speed_mps(keyframes, position),
        "junction_m": junction_m,
    }


def _path(keyframes: Sequence[SeenKeyframe], position: int) -> Floats:
    positions = [frame.ego_xy_m for frame in keyframes[position:]]
    return coming_path(positions, keyframes[position].ego_yaw_rad, reach_m=REACH_M)


def placed_things(
    keyframes: Sequence[SeenKeyframe], position: int
) -> tuple[tuple[Thing, ...] | None, float | None]:
    """(what a keyframe of a scene shows beside its driven path, the vehicle's speed in m/s), each None if unknown."""
    one = keyframes[position]
    things = None if one.things is None else tuple(_placed(one, _path(keyframes, position)))
    return things, _speed_mps(keyframes, position)


def _placed(keyframe: SeenKeyframe, path: Floats) -> Iterable[Thing]:
    things = keyframe.things or []
    if not things:
        return
    aside, along = distances_from_path(np.array([[one.ahead_m, one.left_m] for one in things]), path)
    for one, sideways, metres in zip(things, aside.tolist(), along.tolist(), strict=True):
        yield Thing(
            one.category, one.ahead_m, one.left_m, sideways, metres, one.visibility, one.attribute, one.moves
        )


def _speed_mps(keyframes: Sequence[SeenKeyframe], position: int) -> float | None:
    """From the keyframe before to the one after, whichever there are; None across a gap."""
    first, last = keyframes[max(position - 1, 0)], keyframes[min(position + 1, len(keyframes) - 1)]
    took_s = (last.captured_at_us - first.captured_at_us) / 1e6
    if not 0 < took_s <= _GAP_S:
        return None
    return float(np.hypot(*(np.array(last.ego_xy_m) - np.array(first.ego_xy_m)))) / took_s


def scene_facts(session: Session, frame_ids: Sequence[str]) -> dict[str, SceneFacts]:
    """What is known of frames, by id; for one that was not looked up that is its cues, pixels and description."""
    found: dict[str, SceneFacts] = {}
    for start in range(0, len(frame_ids), _IDS_AT_ONCE):
        query = (
            select(Frame, Scene, Dataset.lacks, FrameThings)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .join(Dataset, col(Dataset.id) == Scene.dataset_id)
            .outerjoin(FrameThings, col(FrameThings.frame_id) == Frame.id)
            .where(col(Frame.id).in_(frame_ids[start : start + _IDS_AT_ONCE]))
        )
        for frame, scene, lacks, things in session.exec(query):
            has_words = Lack.TEXT not in (lacks or ())
            found[frame.id] = _facts(frame, scene.description if has_words else "", things)
    return found


def _facts(frame: Frame, description: str, things: FrameThings | None) -> SceneFacts:
    pixels = frame.pixels or {}
    is_made = frame.generated_clip_id is not None
    junction_m = None if things is None else things.junction_m
    return SceneFacts(
        things=things_of(things.things) if things and not is_made else None,
        speed_mps=things.speed_mps if things else None,
        junction_m=float("inf") if junction_m == NO_JUNCTION else junction_m,
        cues=frozenset(frame.cues or {}),
        description="" if is_made else description,
        luma=pixels.get("median_luma"),
        edges=pixels.get("edge_energy"),
    )
