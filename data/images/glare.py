"""Is the sun in the picture? Clipped pixels alone do not say so: an overcast sky clips too, and so does a white van.

What is looked for is one compact bright disc above the ground whose surroundings fade smoothly, as light scattered in
the lens does. Checked on drawn suns and on real frames without one; no real frame with a low sun was at hand.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

CLIPPED = 248.0
MIN_SHARE, MAX_SHARE = 0.0005, 0.08
MIN_FILL = 0.55
"""Of its bounding box: a disc fills 0.79, a streak of sky between roofs less than half."""
LOWEST = 0.67
"""A disc's centre lies above this share of the image's height; below are wet roads and vehicles."""
MIN_FADE = 15.0

Floats = npt.NDArray[np.float32]


def sun_share(luma: Floats) -> float:
    """Share of the image that the largest sun-like disc covers, 0.0 without one. luma: (height, width), 0..255."""
    spots, n = ndimage.label(luma >= CLIPPED)
    areas = np.bincount(spots.ravel(), minlength=n + 1)[1:] / luma.size
    likely = np.flatnonzero((areas >= MIN_SHARE) & (areas <= MAX_SHARE))
    found = [areas[index] for index in likely if _is_sun(luma, spots == index + 1)]
    return round(float(max(found, default=0.0)), 5)


def _is_sun(luma: Floats, spot: npt.NDArray[np.bool_]) -> bool:
    rows, columns = np.nonzero(spot)
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    if spot.sum() / box < MIN_FILL or rows.mean() > LOWEST * luma.shape[0]:
        return False
    near, middle, far = _ring_means(luma, rows.mean(), columns.mean(), float(np.sqrt(len(rows) / np.pi)))
    return bool(near > middle > far and near - far >= MIN_FADE)


def _ring_means(luma: Floats, row: float, column: float, radius: float) -> list[float]:
    """Mean brightness of three rings around a disc, each a thirtieth of the width, from near to far."""
    width = luma.shape[1] / 30
    y, x = np.indices(luma.shape)
    away = np.hypot(y - row, x - column) - radius
    rings = [(away > n * width) & (away <= (n + 1) * width) for n in range(3)]
    return [float(luma[ring].mean()) if ring.any() else 0.0 for ring in rings]
