"""The sky above the horizon: a gradient and clouds in perspective."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from data.demo.drawing.camera import CENTRE_X_PX, CENTRE_Y_PX, FOCAL_PX, WIDTH_PX
from data.demo.drawing.ground import HORIZON_PX, NOISE_SIDE, Pixels, noise
from data.demo.drawing.light import Light


@lru_cache(maxsize=3)
def sky(light: Light, drift: int) -> Pixels:
    """The sky (horizon row, width, 3) in 0..255; `drift` moves the clouds."""
    rise = (CENTRE_Y_PX - np.arange(HORIZON_PX) - 0.5) / FOCAL_PX
    blend = np.clip(rise / 0.36, 0.0, 1.0)[:, None, None] ** 0.7
    low, top = np.array(light.sky_low), np.array(light.sky_top)
    picture = low * (1 - blend) + top * blend
    cover = _clouds(rise, drift) * light.clouds
    picture = picture + (np.array(light.cloud) - picture) * cover[..., None]
    return np.asarray(picture, dtype=np.float32)


def _clouds(rise: np.ndarray[tuple[int, ...], np.dtype[np.float64]], drift: int) -> Pixels:
    """Cloud cover (horizon row, width) in 0..1 on a flat layer far above, thinning toward the horizon."""
    reach = 1.0 / np.maximum(rise + 0.05, 0.02)[:, None]
    sideways = (np.arange(WIDTH_PX) - CENTRE_X_PX)[None, :] / FOCAL_PX * reach
    rows = np.floor(reach * 26.0 + drift * 37).astype(np.int64) % NOISE_SIDE
    columns = np.floor(sideways * 26.0 + drift * 91).astype(np.int64) % NOISE_SIDE
    field = noise(3, 1.7)[np.broadcast_to(rows, columns.shape), columns]
    edge = np.clip(rise / 0.12, 0.0, 1.0)[:, None]
    return np.asarray(np.clip(0.55 * field + 0.3, 0.0, 1.0) * edge, dtype=np.float32)
