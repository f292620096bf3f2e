"""The ground, pixel by pixel below the horizon: asphalt, pavement, markings, wear, wet patches, lamp light.

Everything that does not move with the ego vehicle is worked out once per street and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from data.demo.drawing.camera import (
    CENTRE_X_PX,
    CENTRE_Y_PX,
    FOCAL_PX,
    HEIGHT_PX,
    MOUNT_M,
    WIDTH_PX,
    FloatArray,
)
from data.demo.drawing.light import BEAM_TINT, LAMP_TINT, Light, lamp_pools
from data.demo.drawing.street import Line, Street

Pixels = npt.NDArray[np.float32]
HORIZON_PX = 492
NOISE_SIDE = 512

ASPHALT = (112.0, 113.0, 116.0)
PAVING = (168.0, 163.0, 155.0)
GRASS = (104.0, 128.0, 74.0)
KERB = (190.0, 188.0, 182.0)
GUTTER = (82.0, 82.0, 84.0)


@lru_cache(maxsize=4)
def noise(seed: int, roughness: float) -> Pixels:
    """A tileable (512, 512) noise field of mean 0 and deviation 1; larger roughness means larger blotches."""
    field = np.random.default_rng(seed).standard_normal((NOISE_SIDE, NOISE_SIDE))
    steps = np.fft.fftfreq(NOISE_SIDE)
    radius = np.hypot(steps[:, None], steps[None, :])
    radius[0, 0] = 1.0
    spectrum = np.fft.fft2(field) / radius**roughness
    spectrum[0, 0] = 0.0
    smooth = np.fft.ifft2(spectrum).real
    return np.asarray(smooth / smooth.std(), dtype=np.float32)


@lru_cache(maxsize=1)
def _rows() -> tuple[FloatArray, FloatArray]:
    """Metres ahead of the ego origin for each row (rows, 1), and metres to the left (rows, width)."""
    v = np.arange(HORIZON_PX, HEIGHT_PX) + 0.5
    depth = FOCAL_PX * MOUNT_M[2] / np.maximum(v - CENTRE_Y_PX, 0.6)
    u = np.arange(WIDTH_PX) + 0.5
    left = MOUNT_M[1] - (u - CENTRE_X_PX)[None, :] * depth[:, None] / FOCAL_PX
    return (depth + MOUNT_M[0])[:, None], left


@dataclass(frozen=True)
class Plan:
    """What stays the same along a street: colours (rows, width, 3), one coverage (rows, width) per line, …"""

    colours: Pixels
    crossing: Pixels
    lines: tuple[Pixels, ...]
    road: Pixels
    zebra: Pixels
    ego_lane: Pixels
    fine: npt.NDArray[np.int32]
    coarse: npt.NDArray[np.int32]
    beam: Pixels
    across: Pixels


def _band(across: FloatArray, low: float, high: float, footprint: FloatArray) -> Pixels:
    """How much of each pixel lies between two places across the street."""
    share = np.minimum((across - low) / footprint, (high - across) / footprint) + 0.5
    narrow = np.minimum(1.0, (high - low) / footprint)
    return np.asarray(np.clip(share, 0.0, 1.0) * narrow, dtype=np.float32)


@lru_cache(maxsize=2)
def plan(street: Street) -> Plan:
    """The street's fixed picture."""
    ahead, left = _rows()
    across = left * street.kerb_sign
    footprint = ahead / FOCAL_PX
    road = _band(across, -street.far_kerb_m, street.near_kerb_m, footprint)
    lines = tuple(
        _band(across, line.across_m - line.width_m / 2, line.across_m + line.width_m / 2, footprint)
        for line in street.lines()
    )
    zebra = _coverage(across, 0.55, 1.1, footprint) * _band(
        across, 0.4 - street.far_kerb_m, street.near_kerb_m - 0.4, footprint
    )
    beam = (
        np.exp(-ahead / 30.0) * np.exp(-((left / (1.5 + 0.13 * ahead)) ** 2)) * np.minimum(1.0, ahead / 9.0)
    )
    return Plan(
        colours=_colours(street, across, footprint, road),
        crossing=np.broadcast_to(np.array(ASPHALT, dtype=np.float32), (*across.shape, 3)),
        lines=lines,
        road=road,
        zebra=np.asarray(zebra, dtype=np.float32),
        ego_lane=_band(across, -1.75, 1.75, footprint),
        fine=np.asarray(np.floor(left * 30.0) % NOISE_SIDE, dtype=np.int32),
        coarse=np.asarray(np.floor(left * 7.0) % NOISE_SIDE, dtype=np.int32),
        beam=np.asarray(beam, dtype=np.float32),
        across=np.asarray(across, dtype=np.float32),
    )


def _colours(street: Street, across: FloatArray, footprint: FloatArray, road: Pixels) -> Pixels:
    near, far, walk = street.near_kerb_m, street.far_kerb_m, street.sidewalk_m
    beyond = GRASS if street.ground == "grass" else (150.0, 146.0, 140.0)
    picture = np.empty((*across.shape, 3), dtype=np.float32)
    picture[:] = beyond
    for low, high, colour in (
        (near, near + walk, PAVING), (-far - walk, -far, PAVING),
        (near, near + 0.28, KERB), (-far - 0.28, -far, KERB),
        (-far, near, ASPHALT), (near - 0.22, near, GUTTER), (-far, 0.22 - far, GUTTER),
        (near + 0.26, near + 0.32, GUTTER), (-far - 0.32, -far - 0.26, GUTTER),
    ):  # fmt: skip
        share = _band(across, low, high, footprint)[..., None]
        picture += (np.array(colour, dtype=np.float32) - picture) * share
    worn = sum(_band(across, low, low + 0.55, footprint * 8) for low in (-1.1, 0.55))
    return np.asarray(picture * (1 - 0.07 * np.asarray(worn) * road)[..., None], dtype=np.float32)


def _coverage(place: FloatArray, dash: float, period: float, footprint: FloatArray) -> FloatArray:
    """The painted share of [place ± footprint / 2] where `dash` of every `period` is painted."""

    def painted(x: FloatArray) -> FloatArray:
        whole = np.floor(x / period)
        return np.asarray(whole * dash + np.minimum(x - whole * period, dash))

    half = footprint / 2
    return np.asarray((painted(place + half) - painted(place - half)) / footprint)


def ground(
    street: Street, light: Light, ego_along_m: float, shadows: Pixels, reflection: Pixels | None
) -> Pixels:
    """The ground below the horizon, (rows, width, 3) in 0..255.

    `shadows` is (rows, width) from 0 (lit) to 1; `reflection` is what a wet road mirrors, (rows, width, 3).
    """
    kept = plan(street)
    ahead, _ = _rows()
    along = ahead + ego_along_m
    step = ahead**2 / (FOCAL_PX * MOUNT_M[2])
    fine, blotch = _textures(kept, along, step)
    picture, inside = _with_junction(street, kept, along, step)
    picture = _with_paint(street, kept, picture, along, step, inside, blotch)
    picture = picture * (1.0 + fine * 0.055 + blotch * 0.035)[..., None]
    picture = picture * _lit(light, kept, along, shadows)
    if light.wet > 0 and reflection is not None:
        picture = _wet(light, kept, picture, ahead, blotch, reflection)
    seen = np.exp(-light.haze_per_m * ahead)[..., None].astype(np.float32)
    return np.asarray(picture * seen + np.array(light.haze, dtype=np.float32) * (1 - seen), dtype=np.float32)


def _textures(kept: Plan, along: FloatArray, step: FloatArray) -> tuple[Pixels, Pixels]:
    """Grain and blotches, fading where a pixel covers more than they measure."""
    rows_fine = np.floor(along * 30.0).astype(np.int64) % NOISE_SIDE
    rows_coarse = np.floor(along * 7.0).astype(np.int64) % NOISE_SIDE
    grain = noise(1, 0.4)[rows_fine, kept.fine] * np.minimum(1.0, 0.06 / step).astype(np.float32)
    blotch = noise(2, 1.5)[rows_coarse, kept.coarse] * np.minimum(1.0, 1.2 / step).astype(np.float32)
    return grain, blotch


def _with_junction(
    street: Street, kept: Plan, along: FloatArray, step: FloatArray
) -> tuple[Pixels, FloatArray]:
    """The colours with the crossing street laid over, and how much of each row lies inside it."""
    if street.junction is None:
        return kept.colours, np.zeros_like(along)
    inside = _band(along, street.junction.start_m, street.junction.end_m, step)
    return kept.colours + (kept.crossing - kept.colours) * inside[..., None], np.asarray(
        inside, dtype=np.float64
    )


def _with_paint(
    street: Street,
    kept: Plan,
    picture: Pixels,
    along: FloatArray,
    step: FloatArray,
    inside: FloatArray,
    blotch: Pixels,
) -> Pixels:
    """The colours with lines, zebras and stop lines, worn in blotches."""
    picture = picture.copy()
    wear = np.clip(0.9 - 0.16 * blotch, 0.3, 1.0)
    near_junction = inside
    if street.junction is not None:
        start, end = street.junction.start_m, street.junction.end_m
        near_junction = np.clip(inside + _band(along, start - 6.0, end + 5.0, step), 0, 1)
    for line, cover in zip(street.lines(), kept.lines, strict=True):
        _paint(
            picture,
            line,
            cover * wear,
            _coverage(along, line.dash_m, line.period_m, step) * (1 - near_junction),
        )
    if street.junction is not None:
        white = Line(0.0)
        for low in (start - 4.2, end + 1.0):
            _paint(
                picture,
                white,
                kept.zebra * wear,
                np.asarray(_band(along, low, low + 3.0, step), dtype=np.float64),
            )
        stop = _band(along, start - 6.0, start - 5.5, step)
        _paint(picture, white, kept.ego_lane * wear, np.asarray(stop, dtype=np.float64))
    return picture


def _paint(picture: Pixels, line: Line, cover: Pixels, by_row: FloatArray) -> None:
    rows = np.flatnonzero(by_row[:, 0] > 0.004)
    if rows.size == 0:
        return
    share = (cover[rows] * by_row[rows].astype(np.float32))[..., None]
    part = picture[rows]
    picture[rows] = part + (np.array(line.colour, dtype=np.float32) - part) * share


def _lit(light: Light, kept: Plan, along: FloatArray, shadows: Pixels) -> Pixels:
    """Light on the ground (rows, width, 3) or (rows, width, 1)."""
    ambient = np.array(light.ambient, dtype=np.float32)
    sun = np.array(light.sun_share, dtype=np.float32) * light.sun[2]
    open_sky = (1.0 - 0.35 * shadows)[..., None]
    factor = ambient * open_sky + sun * (1.0 - shadows)[..., None]
    if light.lamps > 0:
        pools = (lamp_pools(along) * 0.42).astype(np.float32) * np.exp(-((np.abs(kept.across) / 14.0) ** 2))
        factor = (
            factor
            + light.lamps
            * (
                kept.beam[..., None] * BEAM_TINT.astype(np.float32) * 1.25
                + pools[..., None] * LAMP_TINT.astype(np.float32)
            )
            * (1.0 - 0.5 * shadows)[..., None]
        )
    return np.asarray(factor, dtype=np.float32)


def _wet(
    light: Light, kept: Plan, picture: Pixels, ahead: FloatArray, blotch: Pixels, reflection: Pixels
) -> Pixels:
    """The ground darkened by water and mirroring what stands on it, more so farther off and in puddles."""
    grazing = np.clip(0.16 + ahead / 70.0, 0.0, 0.62).astype(np.float32)
    puddle = np.clip(0.72 + 0.3 * blotch, 0.3, 1.25)
    share = np.clip(light.wet * grazing * puddle * (0.45 + 0.55 * kept.road), 0.0, 0.85)[..., None]
    return np.asarray(picture * (1 - 0.3 * light.wet) * (1 - share) + reflection * share, dtype=np.float32)
