"""A picture's descriptor without weights: layout, colour, edges, cues and pose as one vector of unit length. Pure.

It finds pictures that are laid out alike, at a place and with cues alike. It knows no objects: two frames with a
pedestrian are near only where the rest of the picture, or the cue, is.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from data.images.inspection import ImageRefused, open_image
from data.images.orientation import turn_of, turned_size, upright
from data.vocabulary import Cue, SetAside

Floats = npt.NDArray[np.float32]

VERSION = 1
"""Counts up with every change of what is computed here: vectors of two versions are not comparable."""
SIZE_PX = (96, 56)
LAYOUT_CELLS = (7, 12)
CELLS = (4, 4)
ORIENTATIONS = 6
WAVES_M = (40.0, 400.0)
"""Frames a few metres apart share the phase of the short wave, frames of one district that of the long one."""
FASTEST_M_S = 25.0
STANDS_M_S = 0.5
WEIGHTS = {"layout": 0.25, "colour": 0.25, "edges": 0.30, "cues": 0.10, "pose": 0.10}
"""What each part adds to the similarity of two frames that agree in it."""
_CHROMA = 1.5


@dataclass(frozen=True)
class Pose:
    """Where the vehicle is on the map called `location`, metres, and how it moves, metres per second."""

    location: str
    x_m: float
    y_m: float
    velocity_m_s: tuple[float, float]


def reduced_picture(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    """(56, 96, 3) brightness and chroma (YCbCr) of the upright picture; JPEGs are decoded at an eighth of their size.

    Raises ImageRefused as `data.images.inspection.inspect_image`.
    """
    image = open_image(content, name)
    turn = turn_of(image)
    try:
        image.draft("YCbCr", turned_size(SIZE_PX, turn))
        whole = upright(image.convert("RGB"), turn).resize(SIZE_PX, Image.Resampling.BOX)
        return np.asarray(whole.convert("YCbCr"), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, f"{name} cannot be decoded: {error}.") from error


def descriptor(picture: npt.NDArray[np.uint8], cues: Collection[str], pose: Pose | None) -> Floats:
    """(247,) of unit length. pose: None where nobody recorded one; then it adds nothing to any similarity."""
    pixels = picture.astype(np.float32)
    parts = {
        "layout": _layout(pixels[..., 0]),
        "colour": _colour(pixels),
        "edges": _edges(pixels[..., 0]),
        "cues": np.array([one.value in cues for one in Cue], dtype=np.float32),
        "pose": _pose(pose),
    }
    return unit(np.concatenate([unit(part) * math.sqrt(WEIGHTS[name]) for name, part in parts.items()]))


def unit(vector: Floats) -> Floats:
    """The vector at length 1; zeros stay zeros."""
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length > 0 else vector


def _cells(values: Floats, cells: tuple[int, int]) -> Floats:
    """Means over a grid of cells of (height, width, ...) values."""
    rows, columns = cells
    height, width = values.shape[0] // rows, values.shape[1] // columns
    grid = values.reshape(rows, height, columns, width, *values.shape[2:])
    return np.asarray(grid.mean(axis=(1, 3)), dtype=np.float32)


def _layout(luma: Floats) -> Floats:
    cells = _cells(luma, LAYOUT_CELLS).ravel()
    return np.asarray(cells - cells.mean(), dtype=np.float32)


def _colour(pixels: Floats) -> Floats:
    centred = (pixels - 128.0) * np.array([1.0, _CHROMA, _CHROMA], dtype=np.float32)
    return _cells(centred, CELLS).ravel()


def _edges(luma: Floats) -> Floats:
    """Square roots of how much edge of each orientation each cell has, their mean taken off."""
    down, across = np.gradient(luma)
    turn = np.mod(np.arctan2(down, across), np.pi)
    bins = np.minimum((turn / np.pi * ORIENTATIONS).astype(np.int64), ORIENTATIONS - 1)
    rows = np.arange(luma.shape[0]) * CELLS[0] // luma.shape[0]
    columns = np.arange(luma.shape[1]) * CELLS[1] // luma.shape[1]
    places = (rows[:, None] * CELLS[1] + columns) * ORIENTATIONS + bins
    size = CELLS[0] * CELLS[1] * ORIENTATIONS
    found = np.sqrt(
        np.bincount(places.ravel(), weights=np.hypot(down, across).ravel(), minlength=size)
    ).astype(np.float32)
    return np.asarray(found - found.mean(), dtype=np.float32)


def _pose(pose: Pose | None) -> Floats:
    """Phases of the place in each wave, the way the vehicle heads while it moves, and its speed."""
    if pose is None:
        return np.zeros(4 * len(WAVES_M) + 4, dtype=np.float32)
    start = int.from_bytes(hashlib.sha256(pose.location.encode()).digest()[:4], "big") / 2**32
    turns = [2 * math.pi * (along / wave + start) for wave in WAVES_M for along in (pose.x_m, pose.y_m)]
    speed = math.hypot(*pose.velocity_m_s)
    heading = [one / speed if speed >= STANDS_M_S else 0.0 for one in pose.velocity_m_s]
    fast = min(speed / FASTEST_M_S, 1.0) * math.pi / 2
    waves = [value for turn in turns for value in (math.cos(turn), math.sin(turn))]
    return np.array([*waves, *heading, math.cos(fast), math.sin(fast)], dtype=np.float32)
