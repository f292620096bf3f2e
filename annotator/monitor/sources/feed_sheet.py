"""The feeds file: which live feeds there are, in the order in which they matter when not all can be held.

    feeds:
      - name: van-7
        camera: rtsp://10.0.0.7:554/front
      - name: van-8
        camera: http://10.0.0.8/stream.mjpg
      - name: gate
        folder: incoming/gate
      - name: recorded-drive
        video: recordings/drive.mp4
      - name: rehearsal
        scene: scene-0103

A scene of the store and a video are replayed in real time and begin again at their end. A folder is watched for
new JPEG and PNG files. Paths are relative to the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from data.errors import FeedError
from data.live.record import KnownFeed
from data.text.strict_yaml import YAMLError, read_yaml
from data.vocabulary import FeedKind

MAX_FEEDS = 2000
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$")]
_SOURCES = ("scene", "video", "camera", "folder")
_KINDS = {
    "scene": FeedKind.REPLAY,
    "video": FeedKind.VIDEO,
    "camera": FeedKind.CAMERA,
    "folder": FeedKind.FOLDER,
}


class FeedEntry(BaseModel):
    """One feed: its name, and exactly one place that its pictures come from.

    options: passed to PyAV as they are (`rtsp_transport: tcp`). begin_s: where a replay or a video begins.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: Name
    scene: str | None = None
    video: str | None = None
    camera: str | None = None
    folder: str | None = None
    options: dict[str, str] = Field(default_factory=dict)
    begin_s: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(getattr(self, name) is not None for name in _SOURCES) != 1:
            raise ValueError("give exactly one of scene, video, camera and folder")
        return self

    @property
    def source(self) -> str:
        return next(str(value) for name in _SOURCES if (value := getattr(self, name)) is not None)

    @property
    def kind(self) -> FeedKind:
        return next(_KINDS[name] for name in _SOURCES if getattr(self, name) is not None)

    def known(self) -> KnownFeed:
        return KnownFeed(self.name, self.kind, self.source)


class FeedSheet(BaseModel):
    """All feeds, by name, in order of importance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feeds: list[FeedEntry] = Field(min_length=1, max_length=MAX_FEEDS)


def read_feed_sheet(path: Path) -> FeedSheet:
    """The feeds of a file, paths made absolute. Raises FeedError with the entry that is wrong."""
    try:
        sheet = FeedSheet.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FeedError(f"The feeds file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FeedError(f"The feeds file {path} is not UTF-8 text.") from error
    except YAMLError as error:
        raise FeedError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        raise FeedError(f"{path}: {_first_fault(error)}.") from error
    names = [feed.name for feed in sheet.feeds]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FeedError(f"{path}: two feeds are called {twice!r}; give each its own name.")
    return FeedSheet(feeds=[_below(feed, path.parent.resolve()) for feed in sheet.feeds])


def _first_fault(error: ValidationError) -> str:
    first = error.errors()[0]
    place = [str(part + 1) if isinstance(part, int) else str(part) for part in first["loc"]]
    return f"{' '.join(place) or 'the file'}: {first['msg'].removeprefix('Value error, ').lower()}"


def _below(feed: FeedEntry, folder: Path) -> FeedEntry:
    changes = {name: str(folder / value) for name in ("video", "folder") if (value := getattr(feed, name))}
    return feed.model_copy(update=changes)
