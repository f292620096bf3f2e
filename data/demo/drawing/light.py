"""Weather and lighting as numbers: where light comes from, how far one sees, what the sky looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.drawing.camera import FloatArray
from data.demo.drawing.shapes import Colour, Point

LAMP_EVERY_M = 28.0
LAMP_TINT = np.array([1.0, 0.82, 0.55])
BEAM_TINT = np.array([1.0, 0.97, 0.88])


@dataclass(frozen=True)
class Light:
    """One kind of weather and daylight.

    `sun` points to the sun (street frame, unit length); `sun_share` and `ambient` multiply colours;
    `haze_per_m` is the extinction of what lies far away; `lamps`, `wet`, `rain` and `glare` run from 0 to 1.
    """

    name: str
    sun: Point
    sun_share: Colour
    ambient: Colour
    haze: Colour
    haze_per_m: float
    sky_top: Colour
    sky_low: Colour
    clouds: float
    cloud: Colour
    lamps: float = 0.0
    wet: float = 0.0
    rain: float = 0.0
    glare: float = 0.0

    def on(self, centres: FloatArray, normals: FloatArray, ego_along_m: float) -> FloatArray:
        """The factor (n, 3) by which surfaces at street points (n, 3) are lit; zero normals face the viewer."""
        facing = np.where(
            np.abs(normals).sum(axis=1, keepdims=True) > 0, normals, np.array([-0.75, 0.2, 0.63])
        )
        sky = 0.72 + 0.28 * facing[:, 2:3]
        sun = np.clip(facing @ np.array(self.sun), 0.0, None)[:, None]
        factor = np.array(self.ambient) * sky + np.array(self.sun_share) * sun
        if self.lamps > 0:
            factor = factor + self.lamps * self._by_lamps(centres, facing, ego_along_m)
        return np.asarray(factor)

    def _by_lamps(self, centres: FloatArray, facing: FloatArray, ego_along_m: float) -> FloatArray:
        ahead = np.maximum(centres[:, 0] - ego_along_m - 2.0, 0.5)
        beam = np.exp(-ahead / 34.0) * np.exp(-((centres[:, 1] / (2.2 + 0.16 * ahead)) ** 2))
        beam = beam * np.exp(-np.maximum(centres[:, 2] - 1.0, 0.0) * 0.55)
        beam = beam * (0.35 + 0.75 * np.clip(-facing[:, 0], 0.0, 1.0))
        street = lamp_pools(centres[:, 0]) * np.exp(-np.maximum(centres[:, 2] - 5.0, 0.0) * 0.3)
        street = street * (0.55 + 0.3 * facing[:, 2])
        return np.asarray(beam[:, None] * BEAM_TINT * 0.8 + street[:, None] * LAMP_TINT * 0.5)

    def seen_through(self, colours: FloatArray, distances_m: FloatArray) -> FloatArray:
        """Colours (n, 3) as they look from `distances_m` (n,) away."""
        share = np.exp(-self.haze_per_m * distances_m)[:, None]
        return np.asarray(colours * share + np.array(self.haze) * (1 - share))


def lamp_pools(along_m: FloatArray) -> FloatArray:
    """How much street-lamp light falls at places along the street, from 0.25 between lamps to 1 below one."""
    phase = (along_m / LAMP_EVERY_M) % 1.0
    gap = np.minimum(phase, 1.0 - phase) * LAMP_EVERY_M
    return np.asarray(0.25 + 0.75 * np.exp(-((gap / 6.5) ** 2)))


def _unit(x: float, y: float, z: float) -> Point:
    length = (x * x + y * y + z * z) ** 0.5
    return (x / length, y / length, z / length)


DAY = Light(
    "day", _unit(-0.5, 0.55, 0.9), (0.52, 0.5, 0.44), (0.68, 0.7, 0.75), (206, 218, 230), 0.0016,
    (84, 142, 206), (204, 222, 236), 0.85, (250, 250, 252),
)  # fmt: skip
OVERCAST = Light(
    "overcast", _unit(-0.2, 0.2, 1.0), (0.14, 0.14, 0.14), (0.84, 0.86, 0.89), (204, 208, 212), 0.003,
    (168, 176, 186), (216, 219, 222), 0.8, (196, 200, 206),
)  # fmt: skip
DUSK = Light(
    "dusk", _unit(0.85, 0.6, 0.16), (0.26, 0.17, 0.09), (0.46, 0.44, 0.53), (196, 150, 138), 0.0028,
    (56, 66, 118), (246, 170, 112), 0.6, (170, 112, 126), lamps=0.45,
)  # fmt: skip
NIGHT = Light(
    "night", _unit(0.3, 0.3, 0.9), (0.02, 0.02, 0.04), (0.15, 0.16, 0.21), (20, 22, 34), 0.004,
    (7, 9, 20), (30, 30, 44), 0.35, (34, 34, 46), lamps=1.0,
)  # fmt: skip
NIGHT_WET = Light(
    "night, wet road", NIGHT.sun, NIGHT.sun_share, NIGHT.ambient, (26, 27, 38), 0.004,
    NIGHT.sky_top, (38, 36, 48), 0.4, (40, 38, 50), lamps=1.0, wet=0.75,
)  # fmt: skip
NIGHT_RAIN = Light(
    "night rain", NIGHT.sun, NIGHT.sun_share, (0.165, 0.175, 0.22), (36, 38, 50), 0.009,
    (12, 14, 24), (46, 46, 58), 0.3, (44, 44, 56), lamps=1.0, wet=1.0, rain=0.9,
)  # fmt: skip
RAIN = Light(
    "rain", _unit(-0.2, 0.2, 1.0), (0.06, 0.06, 0.06), (0.66, 0.7, 0.76), (168, 176, 186), 0.0095,
    (126, 136, 148), (178, 186, 194), 0.7, (112, 120, 132), lamps=0.12, wet=0.9, rain=1.0,
)  # fmt: skip
DRIZZLE = Light(
    "drizzle", RAIN.sun, RAIN.sun_share, (0.74, 0.77, 0.82), (184, 191, 199), 0.005,
    (146, 156, 168), (196, 203, 210), 0.75, (132, 140, 150), wet=0.55, rain=0.35,
)  # fmt: skip
HAZE = Light(
    "haze", _unit(-0.1, 0.3, 1.0), (0.1, 0.1, 0.09), (0.82, 0.84, 0.86), (208, 211, 213), 0.009,
    (188, 194, 200), (212, 215, 217), 0.2, (206, 210, 213),
)  # fmt: skip
FOG = Light(
    "fog", _unit(-0.1, 0.3, 1.0), (0.05, 0.05, 0.05), (0.84, 0.85, 0.87), (202, 205, 207), 0.034,
    (196, 200, 203), (203, 206, 208), 0.1, (202, 205, 207), lamps=0.1,
)  # fmt: skip
LOW_SUN = Light(
    "low sun", _unit(0.98, 0.08, 0.13), (0.3, 0.23, 0.13), (0.55, 0.53, 0.53), (244, 216, 170), 0.004,
    (120, 152, 190), (252, 220, 168), 0.4, (252, 226, 186),
)  # fmt: skip
GLARE = Light(
    "glare", LOW_SUN.sun, (0.34, 0.25, 0.13), (0.47, 0.44, 0.43), (255, 226, 176), 0.009,
    (176, 184, 190), (255, 232, 188), 0.35, (255, 236, 200), glare=1.0,
)  # fmt: skip
