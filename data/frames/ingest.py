"""Use case: a nuScenes dataroot into the store. A second ingest adds nothing; frames whose image has come since
are taken back, frames whose image has gone are set aside.

Frames are kept group by group, so that an ingest that was cut short goes on where it stopped; until it has ended its
dataset has no time of ingest, and nothing is sampled from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from sqlmodel import Session, col, select

from data.errors import DatarootError
from data.frames.cues import MapAhead, Path2D, frame_cues
from data.frames.driven_path import coming_path
from data.images.inspection import ImageFacts, ImageRefused, inspect_image, leads_inside
from data.nuscenes.map_expansion import Intersections, in_global_axes, read_intersections
from data.nuscenes.scenes import Keyframe, SceneTable, read_scenes
from data.store.opening import Store
from data.store.tables import NOT_INGESTED, Dataset, Frame, Scene
from data.vocabulary import SetAside

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

FRAMES_AT_ONCE = 1_000
"""Kept together: some ten seconds of reading pictures."""
_READERS = 4


@dataclass(frozen=True)
class Ingested:
    """What an ingest did. `set_aside` counts the reasons over all frames of the version."""

    scenes: int
    frames: int
    added: int
    updated: int
    set_aside: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class _Place:
    """A keyframe by its scene and its place in it."""

    scene: SceneTable
    position: int

    @property
    def keyframe(self) -> Keyframe:
        return self.scene.keyframes[self.position]


@dataclass(frozen=True)
class _Inspected:
    facts: ImageFacts | None
    reason: SetAside | None
    detail: str | None


def ingest(
    store: Store, dataroot: Path, version: str, *, progress: Progress | None = None, recheck: bool = False
) -> Ingested:
    """Read a dataroot version into the store.

    recheck: read every image again, not only those of frames that are new or set aside.
    Raises DatarootError as `read_scenes` does, and for an image that the store holds under another token.
    """
    dataroot = dataroot.resolve()
    scenes = read_scenes(dataroot, version)
    with store.write(alone=True) as session:
        known = _known_frames(session)
        _refuse_twins(scenes, known, version)
        due = [
            _Place(scene, position)
            for scene in scenes
            for position, frame in enumerate(scene.keyframes)
            if recheck or frame.token not in known or known[frame.token].set_aside is not None
        ]
        dataset_id = _begun(session, version, dataroot, is_due=bool(due))
        existing = set(session.exec(select(Scene.id)))
        session.add_all([_scene_row(scene, dataset_id) for scene in scenes if scene.token not in existing])
    maps = {scene.location: read_intersections(dataroot, scene.location) for scene in scenes}
    with ThreadPoolExecutor(_READERS) as pool:
        for first in range(0, len(due), FRAMES_AT_ONCE):
            some = due[first : first + FRAMES_AT_ONCE]
            inspected = pool.map(partial(_inspect_one, dataroot), [place.keyframe for place in some])
            rows = []
            for place, found in zip(some, inspected, strict=True):
                rows.append(_frame_row(place, found, maps[place.scene.location]))
                if progress:
                    progress(first + len(rows), len(due))
            _keep(store, rows)
    with store.write(alone=True) as session:
        dataset = session.get_one(Dataset, dataset_id)
        if dataset.ingested_at_us == NOT_INGESTED:
            dataset.ingested_at_us = store.now_us(session)
        return _summary(scenes, known, _known_frames(session))


def _known_frames(session: Session) -> dict[str, Frame]:
    frames = {frame.id: frame for frame in session.exec(select(Frame))}
    for frame in frames.values():
        session.expunge(frame)  # as they are now, whatever is written later
    return frames


def _keep(store: Store, rows: list[Frame]) -> None:
    with store.write(alone=True) as session:
        there = set(session.exec(select(Frame.id).where(col(Frame.id).in_([row.id for row in rows]))))
        for row in rows:
            session.merge(row) if row.id in there else session.add(row)


def _refuse_twins(scenes: list[SceneTable], known: dict[str, Frame], version: str) -> None:
    """The same image under two tokens could stand in train and held-out at once."""
    tokens = {frame.filename: frame.id for frame in known.values()}
    for scene in scenes:
        for frame in scene.keyframes:
            if tokens.get(frame.filename, frame.token) != frame.token:
                raise DatarootError(
                    f"{frame.filename} of {version} is in this store already, under another token. "
                    "Keep one dataset version per workspace."
                )


def _inspect_one(dataroot: Path, frame: Keyframe) -> _Inspected:
    path = dataroot / frame.filename
    if not leads_inside(path, dataroot):
        detail = f"{frame.filename} leads out of the dataroot."
        return _Inspected(None, SetAside.IMAGE_UNREADABLE, detail)
    try:
        return _Inspected(inspect_image(path), None, None)
    except ImageRefused as refused:
        return _Inspected(None, refused.reason, str(refused))


def _begun(session: Session, version: str, dataroot: Path, *, is_due: bool) -> int:
    """The id of the dataset. Where frames are due it counts as not ingested until this ingest has ended."""
    dataset = session.exec(select(Dataset).where(Dataset.version == version)).one_or_none()
    dataset = dataset or Dataset(version=version, dataroot="", ingested_at_us=NOT_INGESTED)
    dataset.dataroot = str(dataroot)
    if is_due:
        dataset.ingested_at_us = NOT_INGESTED
    session.add(dataset)
    session.flush()
    return int(dataset.id or 0)


def _summary(scenes: list[SceneTable], before: dict[str, Frame], after: dict[str, Frame]) -> Ingested:
    tokens = [keyframe.token for scene in scenes for keyframe in scene.keyframes]
    reasons = Counter(reason.value for token in tokens if (reason := after[token].set_aside))
    changed = [
        token
        for token in tokens
        if token in before and after[token].model_dump() != before[token].model_dump()
    ]
    return Ingested(
        scenes=len(scenes),
        frames=len(tokens),
        added=sum(token not in before for token in tokens),
        updated=len(changed),
        set_aside=dict(sorted(reasons.items())),
    )


def _scene_row(scene: SceneTable, dataset_id: int) -> Scene:
    return Scene(
        id=scene.token,
        dataset_id=dataset_id,
        name=scene.name,
        description=scene.description,
        log_name=scene.log_name,
        location=scene.location,
        utc_offset_min=scene.utc_offset_min,
    )


def _path(scene: SceneTable, position: int) -> Path2D:
    coming = scene.keyframes[position:]
    return coming_path([(one.ego_x_m, one.ego_y_m) for one in coming], coming[0].ego_yaw_rad)


def _map_ahead(keyframe: Keyframe, path: Path2D, intersections: Intersections | None) -> MapAhead | None:
    if intersections is None:
        return None
    way = in_global_axes(path, (keyframe.ego_x_m, keyframe.ego_y_m), keyframe.ego_yaw_rad)
    return MapAhead(intersections.metres_ahead(way))


def _frame_row(place: _Place, inspected: _Inspected, intersections: Intersections | None) -> Frame:
    scene, position, keyframe = place.scene, place.position, place.keyframe
    facts, path = inspected.facts, _path(scene, position)
    ahead = _map_ahead(keyframe, path, intersections)
    cues = frame_cues(keyframe.boxes, facts, scene.description, path=path, map_ahead=ahead)
    return Frame(
        id=keyframe.token,
        scene_id=scene.token,
        position=position,
        captured_at_us=keyframe.captured_at_us,
        filename=keyframe.filename,
        width_px=facts.width_px if facts else None,
        height_px=facts.height_px if facts else None,
        image_sha256=facts.sha256 if facts else None,
        image_fingerprint=facts.fingerprint if facts else None,
        set_aside=inspected.reason,
        set_aside_detail=inspected.detail,
        boxes=dict(sorted(Counter(box.category for box in keyframe.boxes).items())),
        cues={cue.value: evidence for cue, evidence in cues.items()},
        pixels=facts.pixels() if facts else None,
        ego_x_m=keyframe.ego_x_m,
        ego_y_m=keyframe.ego_y_m,
    )
