"""Use case: a nuScenes dataroot into the store. A second ingest adds nothing; frames whose image has come since
are taken back, frames whose image has gone are set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlmodel import Session, select

from data.errors import DatarootError
from data.frames.cues import MapAhead, Path2D, frame_cues
from data.frames.driven_path import coming_path
from data.images.inspection import ImageFacts, ImageRefused, inspect_image, leads_inside
from data.nuscenes.map_expansion import Intersections, in_global_axes, read_intersections
from data.nuscenes.scenes import Keyframe, SceneTable, read_scenes
from data.store.opening import Store
from data.store.tables import Dataset, Frame, Scene
from data.vocabulary import SetAside

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

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
    with store.read() as session:
        known = {frame.id: frame for frame in session.exec(select(Frame))}
    _refuse_twins(scenes, known, version)
    due = [
        frame
        for scene in scenes
        for frame in scene.keyframes
        if recheck or frame.token not in known or known[frame.token].set_aside is not None
    ]
    maps = {scene.location: read_intersections(dataroot, scene.location) for scene in scenes}
    inspected = _inspect(dataroot, due, progress)
    with store.write(alone=True) as session:
        dataset_id = _dataset_id(session, version, dataroot, store.now_us(session))
        return _save(session, scenes, dataset_id, known, inspected, maps)


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


def _inspect(dataroot: Path, due: list[Keyframe], progress: Progress | None) -> dict[str, _Inspected]:
    inspected: dict[str, _Inspected] = {}
    with ThreadPoolExecutor(_READERS) as pool:
        results = pool.map(lambda frame: _inspect_one(dataroot, frame), due)
        for done, (frame, result) in enumerate(zip(due, results, strict=True), start=1):
            inspected[frame.token] = result
            if progress:
                progress(done, len(due))
    return inspected


def _inspect_one(dataroot: Path, frame: Keyframe) -> _Inspected:
    path = dataroot / frame.filename
    if not leads_inside(path, dataroot):
        detail = f"{frame.filename} leads out of the dataroot."
        return _Inspected(None, SetAside.IMAGE_UNREADABLE, detail)
    try:
        return _Inspected(inspect_image(path), None, None)
    except ImageRefused as refused:
        return _Inspected(None, refused.reason, str(refused))


def _dataset_id(session: Session, version: str, dataroot: Path, now_us: int) -> int:
    dataset = session.exec(select(Dataset).where(Dataset.version == version)).one_or_none()
    if dataset is None:
        dataset = Dataset(version=version, dataroot=str(dataroot), ingested_at_us=now_us)
        session.add(dataset)
    dataset.dataroot = str(dataroot)
    session.flush()
    return int(dataset.id or 0)


def _save(
    session: Session,
    scenes: list[SceneTable],
    dataset_id: int,
    known: dict[str, Frame],
    inspected: dict[str, _Inspected],
    maps: dict[str, Intersections | None],
) -> Ingested:
    existing = set(session.exec(select(Scene.id)))
    session.add_all([_scene_row(scene, dataset_id) for scene in scenes if scene.token not in existing])
    session.flush()
    rows = [
        _frame_row(scene, position, keyframe, inspected[keyframe.token], maps[scene.location])
        for scene in scenes
        for position, keyframe in enumerate(scene.keyframes)
        if keyframe.token in inspected
    ]
    for row in rows:
        session.merge(row) if row.id in known else session.add(row)
    after = {**known, **{row.id: row for row in rows}}
    tokens = [keyframe.token for scene in scenes for keyframe in scene.keyframes]
    reasons = Counter(reason.value for token in tokens if (reason := after[token].set_aside))
    return Ingested(
        scenes=len(scenes),
        frames=len(tokens),
        added=sum(row.id not in known for row in rows),
        updated=sum(row.id in known and row.model_dump() != known[row.id].model_dump() for row in rows),
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


def _frame_row(
    scene: SceneTable,
    position: int,
    keyframe: Keyframe,
    inspected: _Inspected,
    intersections: Intersections | None,
) -> Frame:
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
