"""Videos: every file is a scene, from which frames are taken at a steady pace.

The clock starts at the time in the file's name, else at the one that the container states, else at 1970; the
description of a scene says which. A frame's own time decides, so that a variable frame rate does no harm. Pictures are
turned as the container says and become JPEG once.
"""

from __future__ import annotations

import io
import threading
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from av.video.frame import VideoFrame
from PIL import Image

from data.errors import SourceError
from data.images.inspection import MAX_PIXELS
from data.sources.named_times import time_in_name
from data.sources.opening import Options, holds_file
from data.sources.pace import RATE_HZ, paced
from data.sources.port import Lack, PictureRefused, SceneSetAside, SourceFrame, SourceScene
from data.sources.unusable import SceneUnusable, check_name
from data.vocabulary import storable_text

DEMUXERS = {
    **dict.fromkeys((".mp4", ".m4v", ".mov"), "mov"),
    **dict.fromkeys((".mkv", ".webm"), "matroska"),
    ".avi": "avi",
    ".ts": "mpegts",
}
"""Named and not guessed: a playlist that calls itself an mp4 would have FFmpeg open other files and addresses."""
MOST_PACKETS = 10_000_000
"""More than three days at 30 a second."""
JPEG_QUALITY = 95
_OPTIONS = {"protocol_whitelist": "file"}
_SECOND_US = 1_000_000
_BEFORE_ALL = -(2**63)
_TURNS = {90: Image.Transpose.ROTATE_90, -90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180}

TAKES = frozenset({"rate_hz"})


class Videos:
    """Video files below a folder, or one of them."""

    kind = "video"
    camera = ""
    lacks = frozenset(Lack)
    in_files = False

    def __init__(self, path: Path, *, rate_hz: float = RATE_HZ, licence: str = "") -> None:
        path = path.resolve()
        self.root, self.name = (path.parent, path.stem) if path.is_file() else (path, path.name)
        self._only, self._rate_hz, self._licence = path if path.is_file() else None, rate_hz, licence
        self._reel, self._reading = _Reel(), threading.Lock()
        self._places: dict[str, int] = {}
        self._keys: dict[str, list[int]] = {}

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`."""
        files = video_files(self._only or self.root)
        if not files:
            raise SourceError(f"{self.root} holds no video ({', '.join(sorted(DEMUXERS))}).")
        for file in files:
            name = file.relative_to(self.root).as_posix()
            try:
                check_name(name)
                yield self._scene(file, name)
            except SceneUnusable as unusable:
                yield SceneSetAside(storable_text(name), str(unusable))

    def picture(self, scene: SourceScene, frame: SourceFrame) -> bytes:
        """See `Source`."""
        with self._reading:
            return self._reel.picture(self.root / scene.key, self._keys[scene.key], self._places[frame.key])

    def _scene(self, file: Path, name: str) -> SourceScene:
        start_us, clock, track = *_start(file), read_track(file)
        times_us = [round((pts - track.pts[0]) * track.time_base * _SECOND_US) for pts in track.pts]
        self._keys[name], frames = track.keys, []
        for number in paced(times_us, self._rate_hz):
            key = f"{name}/{times_us[number] // 1000:09d}.jpg"
            self._places[key] = track.pts[number]
            frames.append(SourceFrame(key, start_us + times_us[number], key))
        return SourceScene(name, name, frames, description=clock, log_name=name, licence=self._licence)


def matches(path: Path) -> bool:
    """Whether this is a video file, or a folder of some."""
    return holds_file(path, lambda name: Path(name).suffix.lower() in DEMUXERS)


def source_at(path: Path, options: Options) -> Videos:
    """Raises SourceError where there is nothing to read."""
    return Videos(path, rate_hz=options.pace_hz, licence=options.licence or "")


def video_files(path: Path) -> list[Path]:
    """A video, or those below a folder, by name."""
    if path.is_file():
        return [path] if path.suffix.lower() in DEMUXERS else []
    if not path.is_dir():
        raise SourceError(f"{path} is neither a video nor a folder.")
    found = (one for one in path.rglob("*") if one.suffix.lower() in DEMUXERS and one.is_file())
    return sorted(one for one in found if not one.name.startswith("."))


def _start(file: Path) -> tuple[int, str]:
    """(when the video begins, where that is from)."""
    named = time_in_name(file.stem)
    if named is not None:
        return named, "The clock starts at the time in the file's name."
    with _opened(file) as container:
        stated = time_in_name(str(container.metadata.get("creation_time", "")))
    if stated is not None:
        return stated, "The clock starts at the time that the video's container states."
    return 0, "When it was driven is not known: the clock starts at 1970."


@dataclass(frozen=True)
class Track:
    """The pictures of a video without their pixels: `pts`, when each is shown, in order, counted in `time_base`
    seconds; `keys`, those of them from which decoding can start."""

    pts: list[int]
    keys: list[int]
    time_base: Fraction


def read_track(file: Path) -> Track:
    """Read a video's packets; nothing is decoded. Raises SceneUnusable."""
    pts, keys = set[int](), set[int]()
    with _opened(file) as container:
        stream = _stream(container, file)
        try:
            for number, packet in enumerate(container.demux(stream)):
                if number >= MOST_PACKETS:
                    raise SceneUnusable(
                        f"{file.name} holds more than {MOST_PACKETS:,} pictures; cut it into parts."
                    )
                if packet.pts is not None and packet.size:
                    pts.add(packet.pts)
                    keys.update([packet.pts] if packet.is_keyframe else [])
        except FFmpegError as error:
            raise SceneUnusable(f"{file.name} cannot be read to its end: {error.strerror}.") from error
        time_base = stream.time_base
    if not keys or not time_base:
        raise SceneUnusable(f"{file.name} holds no picture that can be decoded by itself.")
    first = min(keys)
    return Track(sorted(one for one in pts if one >= first), sorted(keys), Fraction(time_base))


def _opened(file: Path) -> Any:
    try:
        return av.open(str(file), "r", format=DEMUXERS[file.suffix.lower()], options=_OPTIONS)
    except (FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SceneUnusable(f"{file.name} cannot be read as a video: {reason}.") from error


def _stream(container: Any, file: Path) -> Any:
    """The first track of pictures, which must not be larger than any picture that is taken."""
    if not container.streams.video:
        raise SceneUnusable(f"{file.name} holds no track of pictures.")
    stream = container.streams.video[0]
    context = stream.codec_context
    if context is None or not 0 < context.width * context.height <= MAX_PIXELS:
        size = f"{context.width}x{context.height}" if context else "unknown"
        raise SceneUnusable(f"{file.name} has pictures of a size that is not read: {size} pixels.")
    context.options = {"max_pixels": str(MAX_PIXELS)}  # a later picture can be larger than the first
    return stream


class _Reel:
    """One video that is being decoded: what is asked for comes in order, so that each picture is decoded once."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._container: Any = None
        self._stream: Any = None
        self._frames: Iterator[VideoFrame] = iter(())
        self._at = _BEFORE_ALL

    def picture(self, file: Path, keys: list[int], pts: int) -> bytes:
        """The picture that is shown from `pts` on, as JPEG; decoding can start at `keys`. Raises PictureRefused."""
        try:
            if file != self._file or pts <= self._at:
                self._open(file)
            start = keys[bisect_right(keys, pts) - 1]
            if start > self._at:
                self._container.seek(start, stream=self._stream)
                self._frames = self._container.decode(self._stream)
            return _jpeg(self._decoded(pts))
        except (FFmpegError, SceneUnusable, OSError, ValueError, IndexError) as error:
            self._close()
            raise PictureRefused(f"{file.name} cannot be decoded here: {error}.") from error

    def _decoded(self, pts: int) -> VideoFrame:
        for frame in self._frames:
            if frame.pts is not None and frame.pts >= pts:
                self._at = frame.pts
                if frame.pts > pts:
                    break
                return frame
        raise ValueError("there is no picture at this time")

    def _open(self, file: Path) -> None:
        self._close()
        self._container = _opened(file)
        self._stream = _stream(self._container, file)
        self._stream.thread_type = "AUTO"
        self._frames = self._container.decode(self._stream)
        self._file, self._at = file, _BEFORE_ALL

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._file, self._container = None, None


def _jpeg(frame: VideoFrame) -> bytes:
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    turn = _TURNS.get(round(frame.rotation))
    out = io.BytesIO()
    (image.transpose(turn) if turn is not None else image).save(out, format="JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
