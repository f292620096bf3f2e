"""Clips as mp4: writing one from images, reading one back frame by frame.

Files that a generator made are not trusted: nothing above 5,000 frames or 20 megapixels is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError
from av.video.stream import VideoStream
from PIL import Image

from data.errors import ScenarioError
from data.images.inspection import MAX_PIXELS, ImageRefused, open_image
from data.whole_files import written_whole

Picture = npt.NDArray[np.uint8]
"""Shape (height, width, 3), RGB."""
_QUALITY = {"crf": "12", "preset": "fast", "threads": "1"}
"""Close to the source; one thread, so that the same frames make the same bytes."""
MAX_FRAMES = 5_000


def write_clip(path: Path, images: Sequence[Path], frames_per_second: int) -> None:
    """H.264 in mp4 from images of one size, an odd last row or column cut off.

    Raises ScenarioError: no image, one that cannot be read, or of another size than the first.
    """
    if not images:
        raise ScenarioError(f"{path.name} would be a clip without frames.")
    try:
        with written_whole(path) as partial, av.open(str(partial), "w", format="mp4") as container:
            _encode(container, images, frames_per_second)
    except FFmpegError as error:
        raise ScenarioError(f"The clip {path} cannot be written: {error}.") from error


def _encode(container: Any, images: Sequence[Path], frames_per_second: int) -> None:
    stream, size = None, (0, 0)
    for image in images:
        picture = _picture(image)
        if stream is None:
            size = (picture.shape[1], picture.shape[0])
            stream = container.add_stream("libx264", rate=frames_per_second, options=dict(_QUALITY))
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if (picture.shape[1], picture.shape[0]) != size:
            raise ScenarioError(f"{image.name} is not {size[0]}x{size[1]} pixels like the frames before it.")
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    if stream is not None:
        container.mux(stream.encode(None))


def _picture(path: Path) -> Picture:
    try:
        with open_image(path.read_bytes(), path.name) as image:
            pixels = np.asarray(image.convert("RGB"), dtype=np.uint8)
    except (OSError, ImageRefused, SyntaxError, ValueError) as error:
        raise ScenarioError(f"The frame {path} cannot be put into a clip: {error}.") from error
    height, width = (side // 2 * 2 for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[:height, :width])


def read_frames(path: Path) -> Iterator[Picture]:
    """Every frame of a clip, in order, one at a time.

    Raises ScenarioError for a file that is no video, is cut off, or holds more than can be meant.
    """
    try:
        with av.open(str(path), "r") as container:
            if not container.streams.video:
                raise ScenarioError(f"{path.name} holds no video; it may be cut off.")
            yield from _decoded(path, container, container.streams.video[0])
    except (FFmpegError, OSError, ValueError) as error:
        reason = str(error).split(":")[0]
        raise ScenarioError(
            f"{path.name} cannot be read as a video; it may be cut off ({reason})."
        ) from error


def _decoded(path: Path, container: Any, stream: VideoStream) -> Iterator[Picture]:
    _require_size(path, stream.width, stream.height)
    for number, frame in enumerate(container.decode(stream)):
        if number >= MAX_FRAMES:
            raise ScenarioError(f"{path.name} has more than {MAX_FRAMES:,} frames.")
        _require_size(path, frame.width, frame.height)  # it may change within a file
        yield frame.to_ndarray(format="rgb24")


def _require_size(path: Path, width_px: int, height_px: int) -> None:
    if width_px * height_px > MAX_PIXELS:
        raise ScenarioError(
            f"{path.name} has frames of {width_px}x{height_px} pixels; at most {MAX_PIXELS:,} are decoded."
        )


def as_jpeg(picture: Picture) -> bytes:
    """One frame as a JPEG file, close to lossless."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format="JPEG", quality=95, subsampling=0)
    return out.getvalue()
