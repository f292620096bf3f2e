"""Films: what a video shows when, and its pictures one after the other. The only reader of videos in `data.sources`."""

from __future__ import annotations

import io
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

from data.images.inspection import MAX_PIXELS
from data.sources.port import PictureRefused
from data.sources.unusable import SceneUnusable
from data.sources.wire.archive import Stored
from data.sources.wire.errors import WireError

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
_BEFORE_ALL = -(2**63)
_TURNS = {90: Image.Transpose.ROTATE_90, -90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180}


@dataclass(frozen=True)
class Track:
    """The pictures of a video without their pixels: `pts`, when each is shown, in order, counted in `time_base`
    seconds; `keys`, those of them from which decoding can start."""

    pts: list[int]
    keys: list[int]
    time_base: Fraction


def stated_start(film: Stored) -> str:
    """When the video begins, as its container says it; empty where it does not. Raises SceneUnusable."""
    with _opened(film) as container:
        return str(container.metadata.get("creation_time", ""))


def read_track(film: Stored) -> Track:
    """Read a video's packets; nothing is decoded. Raises SceneUnusable."""
    pts, keys = set[int](), set[int]()
    with _opened(film) as container:
        stream = _stream(container, film)
        try:
            for number, packet in enumerate(container.demux(stream)):
                if number >= MOST_PACKETS:
                    raise SceneUnusable(
                        f"{film.name} holds more than {MOST_PACKETS:,} pictures; cut it into parts."
                    )
                if packet.pts is not None and packet.size:
                    pts.add(packet.pts)
                    keys.update([packet.pts] if packet.is_keyframe else [])
        except FFmpegError as error:
            raise SceneUnusable(f"{film.name} cannot be read to its end: {error.strerror}.") from error
        time_base = stream.time_base
    if not keys or not time_base:
        raise SceneUnusable(f"{film.name} holds no picture that can be decoded by itself.")
    first = min(keys)
    return Track(sorted(one for one in pts if one >= first), sorted(keys), Fraction(time_base))


def _opened(film: Stored) -> Any:
    try:
        content = io.BytesIO(film.read()) if film.member else str(film.file)
        demuxer = DEMUXERS[Path(film.name).suffix.lower()]
        return av.open(content, "r", format=demuxer, options=_OPTIONS)
    except (FFmpegError, OSError, ValueError, WireError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SceneUnusable(f"{film.name} cannot be read as a video: {reason}.") from error


def _stream(container: Any, film: Stored) -> Any:
    """The first track of pictures, which must not be larger than any picture that is taken."""
    if not container.streams.video:
        raise SceneUnusable(f"{film.name} holds no track of pictures.")
    stream = container.streams.video[0]
    context = stream.codec_context
    if context is None or not 0 < context.width * context.height <= MAX_PIXELS:
        size = f"{context.width}x{context.height}" if context else "unknown"
        raise SceneUnusable(f"{film.name} has pictures of a size that is not read: {size} pixels.")
    context.options = {"max_pixels": str(MAX_PIXELS)}  # a later picture can be larger than the first
    return stream


class Reel:
    """One video that is being decoded: what is asked for comes in order, so that each picture is decoded once."""

    def __init__(self) -> None:
        self._film: Stored | None = None
        self._container: Any = None
        self._stream: Any = None
        self._frames: Iterator[VideoFrame] = iter(())
        self._at = _BEFORE_ALL

    def picture(self, film: Stored, keys: list[int], pts: int) -> bytes:
        """The picture that is shown from `pts` on, as JPEG; decoding can start at `keys`. Raises PictureRefused."""
        try:
            if film != self._film or pts <= self._at:
                self._open(film)
            start = keys[bisect_right(keys, pts) - 1]
            if start > self._at:
                self._container.seek(start, stream=self._stream)
                self._frames = self._container.decode(self._stream)
            return _jpeg(self._decoded(pts))
        except (FFmpegError, SceneUnusable, OSError, ValueError, IndexError) as error:
            self._close()
            raise PictureRefused(f"{film.name} cannot be decoded here: {error}.") from error

    def _decoded(self, pts: int) -> VideoFrame:
        for frame in self._frames:
            if frame.pts is not None and frame.pts >= pts:
                self._at = frame.pts
                if frame.pts > pts:
                    break
                return frame
        raise ValueError("there is no picture at this time")

    def _open(self, film: Stored) -> None:
        self._close()
        self._container = _opened(film)
        self._stream = _stream(self._container, film)
        self._stream.thread_type = "AUTO"
        self._frames = self._container.decode(self._stream)
        self._film, self._at = film, _BEFORE_ALL

    def _close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._film, self._container = None, None


def _jpeg(frame: VideoFrame) -> bytes:
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    turn = _TURNS.get(round(frame.rotation))
    out = io.BytesIO()
    (image.transpose(turn) if turn is not None else image).save(out, format="JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
