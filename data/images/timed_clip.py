"""Pictures with their times as a small video that browsers play, and back to pictures.

AV1 in mp4, by SVT-AV1 (BSD; libx264 and libx265 are under the GPL). It makes 28 pictures of 1600x900 a clip of 800x450
in 0.35 s of one core and 0.4 MB; VP9 (libvpx) takes 0.56 s and 0.75 MB. A JPEG decodes to a half or a quarter of its
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
from av.packet import Packet
from av.video.frame import VideoFrame
from PIL import Image

from data.errors import ClipError
from data.images.inspection import ImageRefused, open_image
from data.images.orientation import turn_of, turned_size, upright
from data.vocabulary import SetAside

WIDEST_PX = 960
LAST_MS = 500
"""How long the last picture stays."""
_CODEC, _ENCODER = "av1", "libsvtav1"
_OPTIONS = {"preset": "12", "crf": "21", "g": "1", "svtav1-params": "lp=1:keyint=1"}
"""Each picture stands for itself (`g`): two a second have little in common, and where they are built on each other, a
fast preset leaves out a person's legs, or leaves a shadow of where they were. Any moment is shown at once, too, and
what is encoded once goes into several files. Without `keyint` the encoder still looks for what pictures have in common:
a third more work for the same quality."""
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
class Encoded:
    """Pictures as frames of AV1, all of `size` (width, height in pixels) and each whole by itself, with the times at
    which they were taken; and how many further pictures could not be decoded."""

    size: tuple[int, int]
    frames: tuple[tuple[int, bytes], ...]
    unreadable: int

    @property
    def first_us(self) -> int:
        return self.frames[0][0]

    @property
    def last_us(self) -> int:
        return self.frames[-1][0]


def encoded(pictures: Iterable[TimedPicture], after: Encoded | None = None) -> Encoded:
    """The pictures, oldest first, all in the size of the first; with `after`, what was encoded before them goes ahead.

    A picture that cannot be decoded is passed over and counted. Raises ClipError if none is left or the encoder
    refuses them.
    """
    with _refused():
        return _encode(pictures, after)


def _encode(pictures: Iterable[TimedPicture], after: Encoded | None) -> Encoded:
    encoder, size, unreadable = None, after.size if after else None, after.unreadable if after else 0
    times_us: list[int] = []
    packets: list[Any] = []
    for picture in pictures:
        try:
            image = _decoded(picture.content, size)
        except ImageRefused:
            unreadable += 1
            continue
        size, encoder = image.size, encoder or _encoder(image.size)
        frame = VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
        frame.pts = len(times_us)
        times_us.append(picture.at_us)
        packets += encoder.encode(frame)
    packets += encoder.encode(None) if encoder else []
    frames = [(times_us[packet.pts], bytes(packet)) for packet in packets]
    if size is None:
        raise ClipError("None of the pictures can be decoded.")
    return Encoded(size, (*(after.frames if after else ()), *frames), unreadable)


def mp4(clip: Encoded) -> bytes:
    """The file's bytes: each picture is shown until the next was taken. Raises ClipError."""
    out = io.BytesIO()
    with _refused(), av.open(out, "w", format="mp4") as container:
        width, height = clip.size
        stream = container.add_mux_stream(_CODEC, rate=2, width=width, height=height, time_base=_MS)
        for from_ms, until_ms, content in _placed(clip):
            packet = Packet(content)
            packet.pts, packet.dts, packet.duration = from_ms, from_ms, until_ms - from_ms
            packet.time_base, packet.stream, packet.is_keyframe = _MS, stream, True
            container.mux(packet)
    return out.getvalue()


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except (FFmpegError, ValueError) as error:
        raise ClipError(f"The pictures cannot be made a video: {error}.") from error


def _placed(clip: Encoded) -> Iterator[tuple[int, int, bytes]]:
    """Each frame with its first millisecond and the one after its last; a clock that goes back still lets time grow."""
    places_ms = [(at_us - clip.first_us) // 1000 for at_us, _ in clip.frames]
    for number in range(1, len(places_ms)):
        places_ms[number] = max(places_ms[number - 1] + 1, places_ms[number])
    ends_ms = [*places_ms[1:], places_ms[-1] + LAST_MS]
    for (_, content), from_ms, until_ms in zip(clip.frames, places_ms, ends_ms, strict=True):
        yield from_ms, until_ms, content


def _encoder(size: tuple[int, int]) -> Any:
    encoder: Any = av.CodecContext.create(_ENCODER, "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, 2), Fraction(2)
    encoder.options, encoder.thread_count = dict(_OPTIONS), 1
    with _no_real_time():
        encoder.open()
    return encoder


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
