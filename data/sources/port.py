"""What ingest asks of every source of drives: types alone.

An adapter says what its files hold and checks what only it can know (a table that is cut, a recording that ends in
the middle of a message). What holds for all sources is checked once, after it: ids that occur twice, times
without order, names that leave the folder, pictures that cannot be decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Protocol

from data.vocabulary import Pose, SeenBox, Split


class Lack(StrEnum):
    """What no frame of a source has; cues that rest on it are unknown, and not absent."""

    BOXES = "boxes"
    POSES = "poses"
    TEXT = "text"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """One picture of the source's camera.

    `key`: the source's own name for it, unique in its data set. `picture`: a file below the source's `root` (POSIX);
    where pictures lie inside other files, the name under which ingest writes this one. `pose`, `boxes`: None where
    the source has none of this frame; an empty list of boxes says that somebody looked and saw none. `tags`: the
    source's own words on this frame, each once. `size_px`: the picture's (width, height) where the source states
    them; where the picture has another size, the boxes and the lens that the source states are not of this picture.
    """

    key: str
    captured_at_us: int
    picture: str
    pose: Pose | None = None
    boxes: list[SeenBox] | None = None
    tags: tuple[str, ...] = ()
    size_px: tuple[int, int] | None = None


@dataclass(frozen=True)
class SourceScene:
    """Frames of one drive in a row, ordered by time: the unit that is split.

    `key` is unique in its data set. `log_name`: the drive; scenes with the same one stand on one side where a
    draw keeps drives whole. `utc_offset_min`: local time minus UTC where it was driven. `licence`: the terms that
    bind these pictures, as an SPDX identifier or the name by which the publisher calls them; empty where the
    source does not say. `official_side`: the side on which the publisher has the scene, None where it has none.
    """

    key: str
    name: str
    frames: list[SourceFrame]
    description: str = ""
    log_name: str = ""
    location: str = ""
    utc_offset_min: int | None = None
    licence: str = ""
    official_side: Split | None = None

    @cached_property
    def poses(self) -> list[Pose]:
        """One for each frame, or none: a path with gaps would be taken for jumps."""
        known = [frame.pose for frame in self.frames if frame.pose is not None]
        return known if len(known) == len(self.frames) else []


@dataclass(frozen=True)
class SceneSetAside:
    """A scene that cannot be used at all, and the reason as one sentence with the offending value in it."""

    name: str
    reason: str


class Source(Protocol):
    """Drives of one data set, seen by one camera."""

    @property
    def kind(self) -> str:
        """The word that `teletriage ingest --as` takes."""
        ...

    @property
    def name(self) -> str:
        """What the data set is called: by the person who ingests it, or else by its files."""
        ...

    @property
    def root(self) -> Path:
        """An absolute folder, below which everything that is read lies."""
        ...

    @property
    def camera(self) -> str:
        """The channel whose pictures become frames, as the source calls it; empty where there is but one."""
        ...

    @property
    def lacks(self) -> frozenset[Lack]:
        """What no frame of it has."""
        ...

    @property
    def in_files(self) -> bool:
        """Whether every picture is a JPEG or PNG file of its own. If not, ingest writes what `picture` returns into
        the workspace, once, and everything else reads it there."""
        ...

    def scenes(self) -> Iterable[SourceScene | SceneSetAside]:
        """Every scene, without decoding a picture; asked once. A scene that is of no use is set aside, and the
        others go on. Raises SourceError where nothing of the source can be read."""
        ...

    def picture(self, scene: SourceScene, frame: SourceFrame) -> bytes:
        """A whole JPEG or PNG; only asked where pictures are not files of their own, by one thread, scene by scene
        and in order of time, though not of every frame. Raises PictureRefused where this one cannot be had."""
        ...


class PictureRefused(Exception):
    """A picture cannot be taken out of the file that holds it; the message, a sentence, becomes the reason why its
    frame is set aside."""
