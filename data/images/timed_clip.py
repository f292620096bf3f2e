"""Pictures with their times as a small video that browsers play, and back to pictures.

AV1 in mp4, by SVT-AV1 (BSD; libx264 and libx265 are under the GPL). It makes 28 pictures of 1600x900 a clip of 800x450
in 0.5 s of one core and 0.5 MB; VP9 (libvpx) takes 0.56 s and 0.75 MB. A JPEG decodes to a half or a quarter of its
size by itself, so pictures are halved, never scaled to a size between.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError
from av.video.frame import VideoFrame
from PIL import Image

from data.errors import ClipError
from data.images.inspection import ImageRefused, open_image
from data.images.orientation import turn_of, turned_size, upright
from data.vocabulary import SetAside

WIDEST_PX = 960
LAST_MS = 500
"""How long the last picture stays."""
_CODEC = "libsvtav1"
_OPTIONS = {"preset": "12", "crf": "34", "g": "1", "svtav1-params": "lp=1"}
"""Each picture stands for itself (`g`): two a second have little in common, and where they are built on each other, a
fast preset leaves out a person's legs, or leaves a shadow of where they were. Any moment is shown at once, too."""
_MS = Fraction(1, 1000)
_THREADS = Path("/proc/self/task")
_LEAST_PX = 64
"""SVT-AV1 takes nothing smaller; smaller pictures are scaled up."""


@dataclass(frozen=True, slots=True)
class TimedPicture:
    """A JPEG or PNG and when it was taken, in microseconds since 1970."""

    at_us: int
    content: bytes


@dataclass(frozen=True)
class Written:
    """What is in a clip: how many pictures, when the first and the last were taken, how many could not be decoded."""

    frames: int
    first_us: int
    last_us: int
    unreadable: int


def timed_clip(pictures: Iterable[TimedPicture]) -> tuple[bytes, Written]:
    """The file's bytes: the pictures, oldest first, each shown until the next was taken, all in the size of the first.

    A picture that cannot be decoded is passed over and counted. Raises ClipError if none is left or the encoder
    refuses them.
    """
    out = io.BytesIO()
    try:
        with av.open(out, "w", format="mp4") as container:
            written = _encode(container, pictures)
    except (FFmpegError, ValueError) as error:
        raise ClipError(f"The pictures cannot be made a video: {error}.") from error
    return out.getvalue(), written


def _encode(container: Any, pictures: Iterable[TimedPicture]) -> Written:
    stream, first_us, last_us, place_ms, frames, unreadable = None, 0, 0, -1, 0, 0
    held: tuple[VideoFrame, int] | None = None
    for picture in pictures:
        try:
            image = _decoded(picture.content, (stream.width, stream.height) if stream else None)
        except ImageRefused:
            unreadable += 1
            continue
        if stream is None:
            stream, first_us = _stream(container, image.size), picture.at_us
        if held is not None:
            place_ms = max(place_ms + 1, (picture.at_us - first_us) // 1000)
            container.mux(stream.encode(_until(*held, place_ms)))
        held = VideoFrame.from_ndarray(np.asarray(image), format="rgb24"), max(place_ms, 0)
        last_us, frames = picture.at_us, frames + 1
    if stream is None or held is None:
        raise ClipError("None of the pictures can be decoded.")
    container.mux(stream.encode(_until(*held, held[1] + LAST_MS)))
    container.mux(stream.encode(None))
    return Written(frames, first_us, last_us, unreadable)


def _until(frame: VideoFrame, from_ms: int, until_ms: int) -> VideoFrame:
    frame.pts, frame.time_base, frame.duration = from_ms, _MS, until_ms - from_ms
    return frame


def _stream(container: Any, size: tuple[int, int]) -> Any:
    stream = container.add_stream(_CODEC, rate=2, options=dict(_OPTIONS))
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    stream.codec_context.time_base, stream.codec_context.thread_count = _MS, 1
    with _no_real_time():
        stream.codec_context.open()
    return stream


@contextmanager
def _no_real_time() -> Iterator[None]:
    """Where root runs it, SVT-AV1 gives its threads, and the one that opens it, the highest real-time priority: nothing
    else on the machine would run while they do, however nice their process is. Afterwards all have the caller's."""
    if not _THREADS.is_dir():  # not Linux
        yield
        return
    ours = os.sched_getscheduler(0)
    yield
    for thread in _THREADS.iterdir():
        with suppress(OSError):  # it has ended
            if os.sched_getscheduler(int(thread.name)) == os.SCHED_FIFO:
                os.sched_setscheduler(int(thread.name), ours, os.sched_param(0))


def _decoded(content: bytes, size: tuple[int, int] | None) -> Image.Image:
    """The picture upright, in this size, else in its own halved until it is no wider than WIDEST_PX."""
    try:
        image = open_image(content, "A picture")
        turn = turn_of(image)
        wanted = size or _halved(*turned_size(image.size, turn))
        image.draft("RGB", turned_size(wanted, turn))
        whole = upright(image.convert("RGB"), turn)
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, str(error)) from error
    return whole if whole.size == wanted else whole.resize(wanted, Image.Resampling.BILINEAR)


def _halved(width_px: int, height_px: int) -> tuple[int, int]:
    """A size that AV1 takes: even, at least 64 on a side.

    >>> _halved(1600, 900), _halved(1152, 640), _halved(3840, 2161), _halved(32, 20)
    ((800, 450), (576, 320), (960, 540), (64, 64))
    """
    while width_px > WIDEST_PX or height_px > WIDEST_PX:
        width_px, height_px = width_px // 2, height_px // 2
    return max(_LEAST_PX, width_px // 2 * 2), max(_LEAST_PX, height_px // 2 * 2)


def read_timed_clip(path: Path, first_us: int) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Every picture of a clip whose first was taken at `first_us`: when it was taken (to the millisecond), and its
    pixels (height, width, 3). Raises ClipError for a file that cannot be read."""
    try:
        with av.open(str(path), "r") as container:
            for frame in container.decode(video=0):
                at_s = frame.time or 0.0
                yield (
                    first_us + round(at_s * 1000) * 1000,
                    np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8),
                )
    except (FFmpegError, OSError, ValueError, IndexError) as error:
        raise ClipError(f"The clip {path.name} cannot be read: {error}.") from error
