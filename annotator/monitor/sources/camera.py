"""Cameras (RTSP, HTTP, anything that FFmpeg opens) and video files, through PyAV: the only module that talks to it.

Decoding waits on the network, so each camera has a thread. Only a picture that will be looked at is turned into a
JPEG, never wider than a model is shown. Whatever breaks - the network, a codec that changes half-way, a file cut
short - the stream is opened again, with growing pauses.
"""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Iterator
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from annotator.monitor.sources.recorded import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, Fail, Picture, Show

WIDTH_PX = 1600
OPEN_TIMEOUT_S, READ_TIMEOUT_S = 8.0, 2.0
MOST_BROKEN = 25
CLOSELY_FOR_S, CLOSELY_EVERY_S, CLOSELY_WIDTH_PX = 3.0, 1 / 15, 1920
"""While somebody looks at one camera alone it is shown at its own rate and in its own size, up to 15 pictures per
second and full HD."""
_JPEG_QUALITY = 88
_LIVE_OPTIONS = {"fflags": "nobuffer", "analyzeduration": "1000000", "rtsp_transport": "tcp"}
"""FFmpeg would look at five seconds of a stream before it shows the first picture."""


class Camera:
    """A stream or (`is_file`) a video file played in real time, again from its beginning after its end.

    frame_rate: at most so many pictures per second are shown. options: for FFmpeg.
    """

    def __init__(
        self,
        address: str,
        *,
        frame_rate: float,
        is_file: bool = False,
        options: dict[str, str] | None = None,
        begin_s: float = 0.0,
    ) -> None:
        self.address, self.is_file, self.begin_s = address, is_file, begin_s
        self.options = {**({} if is_file else _live_options(address)), **(options or {})}
        self._every_s = 1.0 / frame_rate
        self._closely_until_s = float("-inf")

    def look_closely(self) -> None:
        """Somebody looks at this camera alone: for the next seconds it is shown at its own rate."""
        self._closely_until_s = time.monotonic() + CLOSELY_FOR_S

    def _width_px(self, now_s: float) -> int:
        return CLOSELY_WIDTH_PX if now_s < self._closely_until_s else WIDTH_PX

    def _pause_s(self, now_s: float) -> float:
        return min(self._every_s, CLOSELY_EVERY_S) if now_s < self._closely_until_s else self._every_s

    async def run(self, show: Show, fail: Fail) -> None:
        loop, stop = asyncio.get_running_loop(), threading.Event()
        thread = threading.Thread(
            target=self._watch, args=(loop, stop, show, fail), name="camera", daemon=True
        )
        thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            stop.set()

    def _watch(self, loop: asyncio.AbstractEventLoop, stop: threading.Event, show: Show, fail: Fail) -> None:
        def call(what: Any, value: object) -> None:
            if not stop.is_set() and not loop.is_closed():
                loop.call_soon_threadsafe(what, value)

        pause_s = SHORTEST_PAUSE_S
        while not stop.is_set():
            shown = 0
            try:
                for content in self._pictures(stop):
                    call(show, Picture(content))
                    shown += 1
                reason = "" if self.is_file else "The stream ended."
            except (av.FFmpegError, OSError, ValueError, MemoryError, IndexError) as error:
                reason = f"The stream broke: {_sentence(error)}."
            pause_s = SHORTEST_PAUSE_S if shown else min(2 * pause_s, LONGEST_PAUSE_S)
            if reason or not shown:
                call(fail, reason or "The video holds no picture.")
                stop.wait(pause_s)

    def _pictures(self, stop: threading.Event) -> Iterator[bytes]:
        with self._opened() as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"  # one camera may not take every core
            begun_s, next_s, first_s = time.monotonic(), 0.0, None
            for frame in _decoded(container, stream):
                if stop.is_set():
                    return
                at_s = frame.time
                if self.is_file and at_s is not None:
                    first_s = at_s if first_s is None else first_s
                    due_s = at_s - first_s - self.begin_s
                    if due_s < 0:
                        continue
                    stop.wait(max(0.0, begun_s + due_s - time.monotonic()))
                now_s = time.monotonic()
                if now_s >= next_s:
                    pause_s = self._pause_s(now_s)
                    next_s = max(next_s + pause_s, now_s + pause_s / 2)
                    yield _jpeg(frame, self._width_px(now_s))
        self.begin_s = 0.0

    def _opened(self) -> InputContainer:
        begun_s = time.monotonic()
        try:
            timeout = None if self.is_file else (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
            return av.open(self.address, options=self.options, timeout=timeout)
        except av.FFmpegError as error:
            if timeout and time.monotonic() - begun_s >= OPEN_TIMEOUT_S:  # FFmpeg says "invalid data" then
                raise TimeoutError(f"it did not open within {OPEN_TIMEOUT_S:g} s") from error
            raise


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The stream's frames; a broken packet is passed over, many in a row end the stream."""
    broken = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            broken += 1
            if broken == MOST_BROKEN:
                raise
            continue
        broken = 0
        yield from (frame for frame in frames if isinstance(frame, VideoFrame))


def _live_options(address: str) -> dict[str, str]:
    scheme = address.partition(":")[0]
    is_rtsp = scheme in ("rtsp", "rtsps")
    return {name: value for name, value in _LIVE_OPTIONS.items() if is_rtsp or name != "rtsp_transport"}


def _jpeg(frame: VideoFrame, width_px: int) -> bytes:
    """The picture as JPEG; a wider one (8k) is scaled down before it is ever an image in memory."""
    if frame.width > width_px:
        height = max(2, round(frame.height * width_px / frame.width) // 2 * 2)
        frame = frame.reformat(width=width_px, height=height)
    out = io.BytesIO()
    frame.to_image().save(  # type: ignore[no-untyped-call]
        out, "JPEG", quality=_JPEG_QUALITY
    )
    return out.getvalue()


def _sentence(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split()).rstrip(".")[:200]
