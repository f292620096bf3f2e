"""A dataroot with nuScenes' tables as a source. Its tokens are unique in the world, and become the ids of the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.nuscenes.official_split import LICENCE, OFFICIAL_VERSIONS, official_split
from data.nuscenes.scenes import Keyframe, SceneTable, read_scenes
from data.nuscenes.tables import CAMERA, require_dataroot
from data.sources.opening import Options
from data.sources.own_files import OwnFiles
from data.sources.port import Lack, SourceFrame, SourceScene
from data.vocabulary import Pose, Split

TAKES = frozenset({"version"})
DEFAULT_VERSION = "v1.0-trainval"


@dataclass(frozen=True)
class NuScenes(OwnFiles):
    """The front camera's keyframes of a dataroot version."""

    root: Path
    version: str
    licence: str | None = None
    kind: str = "nuscenes"
    camera: str = CAMERA
    lacks: frozenset[Lack] = frozenset({Lack.TAGS})

    @property
    def name(self) -> str:
        """The version's."""
        return self.version

    def scenes(self) -> Iterable[SourceScene]:
        """By name. Raises DatarootError as `read_scenes` does: a table that is wrong somewhere was cut or converted
        wrongly, so that nothing of it is trusted."""
        tables = read_scenes(self.root, self.version)
        is_own = self.version in OFFICIAL_VERSIONS
        sides = (official_split({one.token: one.name for one in tables}) if is_own else None) or {}
        licence = (LICENCE if is_own else "") if self.licence is None else self.licence
        return [_scene(one, licence, sides.get(one.token)) for one in tables]


def nuscenes(dataroot: Path, version: str, licence: str | None = None) -> NuScenes:
    """A dataroot version, wherever it lies."""
    return NuScenes(dataroot.resolve(), version, licence)


def matches(path: Path) -> bool:
    """Whether a folder holds tables in a folder that is called as nuScenes calls its versions."""
    return any(path.glob("v1.0-*/sample_data.json"))


def source_at(path: Path, options: Options) -> NuScenes:
    """Raises DatarootError where the version has not every table."""
    version = options.version or DEFAULT_VERSION
    require_dataroot(path, version)
    return nuscenes(path, version, options.licence)


def _scene(table: SceneTable, licence: str, side: Split | None) -> SourceScene:
    return SourceScene(
        key=table.token,
        name=table.name,
        frames=[_frame(one) for one in table.keyframes],
        description=table.description,
        log_name=table.log_name,
        location=table.location,
        utc_offset_min=table.utc_offset_min,
        licence=licence,
        official_side=side,
    )


def _frame(keyframe: Keyframe) -> SourceFrame:
    pose = Pose(keyframe.ego_x_m, keyframe.ego_y_m, keyframe.ego_yaw_rad)
    return SourceFrame(
        keyframe.token,
        keyframe.captured_at_us,
        keyframe.filename,
        pose,
        keyframe.boxes,
        size_px=keyframe.size_px,
    )
