"""Where a feed's pictures come from: a scene replayed, a watched folder; cameras and videos are in `camera.py`.

A source runs until it is cancelled. It shows each picture when it is there, says what is wrong in one sentence when
it cannot, and tries again by itself; it never ends because its camera did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from sqlmodel import Session, col, select

from data.errors import FeedError
from data.pictures.shown import shown_pictures
from data.store.opening import Store
from data.store.tables import Frame, Scene

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0
_LOOK_EVERY_S = 0.1
_PICTURES = {".jpg", ".jpeg", ".png"}
_MAX_FILE_BYTES = 60_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a feed as JPEG or PNG bytes. `stated_us`: when the source says it was taken, where it does;
    `frame_id`: the frame of the store that a replay shows."""

    content: bytes
    stated_us: int | None = None
    frame_id: str | None = None


Show = Callable[[Picture], None]
Fail = Callable[[str], None]


class Source(Protocol):
    """Something that pictures come from."""

    async def run(self, show: Show, fail: Fail) -> None:
        """Show pictures until cancelled; `fail` takes one sentence."""


@runtime_checkable
class ShowsClosely(Protocol):
    """A source that is thinned for the model and can show more to a person."""

    def look_closely(self) -> None:
        """Somebody looks at this feed alone: for the next seconds show all that there is."""


@dataclass(frozen=True)
class Recorded:
    """A frame of a scene: its image and when it was taken. `frame_id`: None where the store does not have it."""

    frame_id: str | None
    image: Path
    captured_at_us: int


class Replay:
    """A scene of the store in real time, again from its beginning after its end."""

    def __init__(self, frames: Sequence[Recorded], *, begin_s: float = 0.0, speed: float = 1.0) -> None:
        self.frames, self.begin_s, self.speed = frames, begin_s, speed

    async def run(self, show: Show, fail: Fail) -> None:
        loop = asyncio.get_running_loop()
        first_us = self.frames[0].captured_at_us
        ends_s = (self.frames[-1].captured_at_us - first_us) / 1e6 + 0.5
        begun_s = loop.time() - (self.begin_s % ends_s) / self.speed
        while True:
            for frame in self.frames:
                due_s = begun_s + (frame.captured_at_us - first_us) / 1e6 / self.speed
                if due_s < loop.time() - 0.25:
                    continue
                await asyncio.sleep(due_s - loop.time())
                try:
                    show(Picture(frame.image.read_bytes(), frame_id=frame.frame_id))
                except OSError as error:
                    fail(f"{frame.image.name} cannot be read: {error.strerror}.")
            begun_s += ends_s / self.speed
            await asyncio.sleep(max(0.0, begun_s - loop.time()))


def recorded_scene(store: Store, name: str) -> list[Recorded]:
    """A scene's frames in time order. Raises FeedError for a scene that the store does not have."""
    with store.read() as session:
        scene = session.exec(select(Scene).where(Scene.name == name)).first()
        if scene is None:
            raise FeedError(f"There is no scene called {name!r} in this store{_such_as(session)}.")
        query = select(Frame).where(Frame.scene_id == scene.id, col(Frame.set_aside).is_(None))
        frames = session.exec(query.order_by(col(Frame.captured_at_us))).all()
        pictures = shown_pictures(session)
    if not frames:
        raise FeedError(f"The scene {name!r} has no usable frame.")
    return [Recorded(frame.id, pictures.of(frame).path, frame.captured_at_us) for frame in frames]


def _such_as(session: Session) -> str:
    names = session.exec(select(Scene.name).order_by(Scene.name).limit(3)).all()
    return f"; it has {', '.join(names)} and others" if names else "; it has none"


class Folder:
    """A folder in which somebody puts pictures: the newest that was not there before is shown.

    A file counts once its size has stayed the same between two looks, so that a picture still being written is
    not taken for a broken one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def run(self, show: Show, fail: Fail) -> None:
        known: dict[str, tuple[int, int]] | None = None
        growing: dict[str, tuple[int, int]] = {}
        while True:
            try:
                there = _listing(self.folder)
            except OSError as error:
                fail(f"The folder {self.folder} cannot be read: {error.strerror}.")
                await asyncio.sleep(SHORTEST_PAUSE_S)
                continue
            if known is None:
                known = there
            fresh = {name: seen for name, seen in there.items() if known.get(name) != seen}
            settled = [name for name, seen in fresh.items() if growing.get(name) == seen]
            if settled:
                self._show(max(settled, key=lambda name: fresh[name]), show, fail)
                known.update({name: fresh[name] for name in settled})
            known = {name: seen for name, seen in known.items() if name in there}
            growing = fresh
            await asyncio.sleep(_LOOK_EVERY_S)

    def _show(self, name: str, show: Show, fail: Fail) -> None:
        path = self.folder / name
        try:
            stat = path.stat()
            if stat.st_size > _MAX_FILE_BYTES:
                fail(f"{name} has more than {_MAX_FILE_BYTES:,} bytes.")
                return
            show(Picture(path.read_bytes(), stated_us=stat.st_mtime_ns // 1000))
        except OSError as error:
            fail(f"{name} cannot be read: {error.strerror}.")


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Modification time and size of every picture, by name."""
    there = {}
    for path in _pictures(folder.iterdir()):
        with suppress(FileNotFoundError):  # somebody has removed it since
            there[path.name] = _when_and_size(path)
    return there


def _pictures(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() in _PICTURES and path.is_file()]


def _when_and_size(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size
