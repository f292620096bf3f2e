"""Data sets of others in nuScenes' tables: Lyft Level 5, TIER IV's T4, and exports of any tool that writes them.

Read are tables in a folder of any name, a camera of any name, categories of other names, times with fractions, sets
without boxes, and folders that hold many dataroots, as T4 keeps one for each scene.
Forms: github.com/lyft/nuscenes-devkit, github.com/tier4/t4-devkit (docs/schema).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from data.errors import DatarootError, SourceError
from data.nuscenes.scenes import Keyframe, SceneTable, read_scenes
from data.nuscenes.tables import ANNOTATIONS, CAMERA
from data.sources.categories import nuscenes_category
from data.sources.opening import Options
from data.sources.own_files import OwnFiles
from data.sources.port import Lack, SceneSetAside, SourceFrame, SourceScene
from data.sources.unusable import SceneUnusable, check_name
from data.vocabulary import Pose, SeenBox, storable_text

TAKES = frozenset({"version", "camera"})
_TABLE = "sample_data.json"
_DEEPEST = 4
"""Folders between the one that is named and a table: T4 keeps DATASET/VERSION/annotation/."""


@dataclass(frozen=True)
class Dataroot:
    """A folder that pictures' names are relative to, and the name of the folder of tables in it."""

    folder: Path
    tables: str


class NuScenesSchema(OwnFiles):
    """One camera's keyframes of a dataroot, or of many below one folder."""

    kind = "nuscenes-schema"

    def __init__(
        self, root: Path, *, tables: str | None = None, camera: str = CAMERA, licence: str = ""
    ) -> None:
        self.root, self.name, self.camera, self._licence = (
            root.resolve(),
            root.resolve().name,
            camera,
            licence,
        )
        self._dataroots = dataroots(self.root, tables)
        if not self._dataroots:
            named = f"called {tables} " if tables else ""
            raise SourceError(
                f"{self.root} has no folder {named}with {_TABLE} and the other tables of nuScenes."
            )
        self._annotated = any(_has_rows(one) for one in self._dataroots)

    @property
    def lacks(self) -> frozenset[Lack]:
        """Boxes where no dataroot has annotations."""
        return frozenset({Lack.TAGS} if self._annotated else {Lack.TAGS, Lack.BOXES})

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`; of many dataroots, one that cannot be read is set aside."""
        for dataroot in self._dataroots:
            place = dataroot.folder.relative_to(self.root).as_posix()
            try:
                check_name(place)
                yield from self._scenes_of(dataroot, "" if place == "." else f"{place}/")
            except (DatarootError, SceneUnusable) as error:
                if len(self._dataroots) == 1:
                    raise SourceError(str(error)) from error
                yield SceneSetAside(storable_text(place), str(error))

    def _scenes_of(self, dataroot: Dataroot, place: str) -> Iterable[SourceScene]:
        tables = read_scenes(dataroot.folder, dataroot.tables, self.camera, may_lack=ANNOTATIONS)
        annotated = _has_rows(dataroot)
        return [_scene(one, place, self._licence, annotated=annotated) for one in tables]


def dataroots(root: Path, tables: str | None = None) -> list[Dataroot]:
    """Every dataroot at or below a folder, by name. `tables`: the name of their folders of tables, which the user gives
    where one dataroot has several."""
    found, level = list[Dataroot](), [root]
    for _ in range(_DEEPEST):
        level = [one for folder in level for one in _folders(folder)]
        of_tables = [one for one in level if (one / _TABLE).is_file() and tables in (None, one.name)]
        found += [Dataroot(one.parent, one.name) for one in of_tables]
        level = [one for one in level if one not in of_tables]
    for one in found:
        beside = sorted(other.tables for other in found if other.folder == one.folder)
        if len(beside) > 1:
            raise SourceError(
                f"{one.folder} has several folders of tables, {', '.join(beside)}: choose with --version."
            )
    return sorted(found, key=lambda one: str(one.folder))


def matches(path: Path) -> bool:
    """Whether tables lie in a folder that nuScenes itself would not name so, or further below."""
    if not path.is_dir() or any(path.glob(f"v1.0-*/{_TABLE}")):
        return False
    return any(True for depth in range(1, _DEEPEST) for _ in path.glob(f"{'*/' * depth}{_TABLE}"))


def source_at(path: Path, options: Options) -> NuScenesSchema:
    """Raises SourceError where there are no tables."""
    return NuScenesSchema(
        path, tables=options.version, camera=options.camera or CAMERA, licence=options.licence or ""
    )


def _folders(folder: Path) -> list[Path]:
    try:
        found = [one for one in folder.iterdir() if one.is_dir() and not one.is_symlink()]
    except OSError:
        return []
    return sorted(one for one in found if not one.name.startswith("."))


def _has_rows(dataroot: Dataroot) -> bool:
    """Whether anybody annotated boxes: sets without them keep an empty table, or none."""
    table = dataroot.folder / dataroot.tables / "sample_annotation.json"
    try:
        with table.open("rb") as file:
            return b"{" in file.read(4096)
    except OSError:
        return False


def _scene(table: SceneTable, place: str, licence: str, *, annotated: bool) -> SourceScene:
    return SourceScene(
        key=f"{place}{table.token}",
        name=table.name if not place else f"{place}{table.name}",
        frames=[_frame(one, place, annotated=annotated) for one in table.keyframes],
        description=table.description,
        log_name=table.log_name,
        location=table.location,
        utc_offset_min=table.utc_offset_min,
        licence=licence,
    )


def _frame(keyframe: Keyframe, place: str, *, annotated: bool) -> SourceFrame:
    return SourceFrame(
        key=f"{place}{keyframe.token}",
        captured_at_us=keyframe.captured_at_us,
        picture=f"{place}{keyframe.filename}",
        pose=Pose(keyframe.ego_x_m, keyframe.ego_y_m, keyframe.ego_yaw_rad),
        boxes=[_renamed(one) for one in keyframe.boxes] if annotated else None,
        size_px=keyframe.size_px,
    )


def _renamed(box: SeenBox) -> SeenBox:
    return replace(box, category=nuscenes_category(box.category))
