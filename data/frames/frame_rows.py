"""What the store keeps of a source's scenes and frames. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data.frames.cues import MapAhead, Path2D, frame_cues, unknown_cues
from data.frames.driven_path import coming_path
from data.hashing import sha256_hex
from data.images.inspection import ImageFacts
from data.nuscenes.map_expansion import Intersections, in_global_axes
from data.sources.port import SourceFrame, SourceScene
from data.store.tables import Frame, Scene
from data.vocabulary import Pose, SetAside

_ID_CHARS = 32


@dataclass(frozen=True)
class Inspected:
    """What looking at a picture gave: its facts, or the reason why it is set aside."""

    facts: ImageFacts | None
    reason: SetAside | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Place:
    """A frame by its scene, its place in it from 0, and the ids that both have in the store."""

    scene: SourceScene
    position: int
    scene_id: str
    frame_id: str

    @property
    def frame(self) -> SourceFrame:
        return self.scene.frames[self.position]


def derived_id(data_set: str, key: str) -> str:
    """The id of what a source calls `key` in the data set of that name."""
    return sha256_hex(f"{data_set}\0{key}".encode())[:_ID_CHARS]


def scene_row(scene: SourceScene, scene_id: str, dataset_id: int) -> Scene:
    return Scene(
        id=scene_id,
        dataset_id=dataset_id,
        name=scene.name,
        description=scene.description,
        log_name=scene.log_name,
        location=scene.location,
        utc_offset_min=scene.utc_offset_min,
        licence=scene.licence or None,
        official_side=scene.official_side,
    )


def frame_row(
    place: Place, inspected: Inspected, intersections: Intersections | None, *, has_words: bool = True
) -> Frame:
    """`intersections`: of the scene's place, None where there is no map of it. has_words: the description says what is
    seen, and not only how the scene was read."""
    frame, facts = place.frame, inspected.facts
    poses = place.scene.poses
    path = _path(poses, place.position) if poses else None
    ahead = _map_ahead(poses[place.position], path, intersections) if poses else None
    words = place.scene.description if has_words else ""
    cues = frame_cues(frame.boxes or [], facts, words, path=path, map_ahead=ahead)
    unknown = unknown_cues(frame.boxes, facts, words, ahead)
    return Frame(
        id=place.frame_id,
        scene_id=place.scene_id,
        position=place.position,
        captured_at_us=frame.captured_at_us,
        filename=frame.picture,
        width_px=facts.width_px if facts else None,
        height_px=facts.height_px if facts else None,
        image_sha256=facts.sha256 if facts else None,
        image_fingerprint=facts.fingerprint if facts else None,
        set_aside=inspected.reason,
        set_aside_detail=inspected.detail,
        boxes=dict(sorted(Counter(box.category for box in frame.boxes or ()).items())),
        cues={cue.value: evidence for cue, evidence in cues.items()},
        unknown_cues=[cue.value for cue in unknown] or None,
        tags=sorted(set(frame.tags)) or None,
        pixels=facts.pixels() if facts else None,
        ego_x_m=poses[place.position].x_m if poses else 0.0,
        ego_y_m=poses[place.position].y_m if poses else 0.0,
    )


def _path(poses: Sequence[Pose], position: int) -> Path2D:
    coming = (poses[at] for at in range(position, len(poses)))  # no copy: a drive may be a day long
    return coming_path(((one.x_m, one.y_m) for one in coming), poses[position].yaw_rad)


def _map_ahead(pose: Pose, path: Path2D | None, intersections: Intersections | None) -> MapAhead | None:
    if intersections is None or path is None:
        return None
    way = in_global_axes(path, (pose.x_m, pose.y_m), pose.yaw_rad)
    return MapAhead(intersections.metres_ahead(way))
