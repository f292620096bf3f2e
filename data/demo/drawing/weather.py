"""What lies between the scene and the sensor: glow of lamps, sun glare, rain, drops on the lens, grain."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from data.demo.drawing.camera import CENTRE_X_PX, CENTRE_Y_PX, FOCAL_PX, HEIGHT_PX, WIDTH_PX, FloatArray
from data.demo.drawing.ground import Pixels, noise
from data.demo.drawing.light import Light

QUARTER = (WIDTH_PX // 4, HEIGHT_PX // 4)


class Glow:
    """Collects shining spots and spreads them into halos."""

    def __init__(self) -> None:
        self.spots: list[tuple[float, float, float, tuple[int, int, int]]] = []

    def add(
        self,
        camera: FloatArray,
        pixels: FloatArray,
        colour: tuple[int, int, int],
        radii_m: tuple[float, float] | None,
    ) -> None:
        """One shining face or limb: camera points (n, 3), pixels (n, 2)."""
        depth = float(camera[:, 2].min())
        if depth < 1.0:
            return
        u, v = pixels.mean(axis=0)
        spread = radii_m[0] * FOCAL_PX / depth if radii_m else float(np.ptp(pixels, axis=0).max()) / 2
        if depth > 240:
            return
        self.spots.append((float(u), float(v), min(spread, 26.0), colour))

    def halos(self, picture: Image.Image) -> Image.Image:
        """A quarter-size picture of light around the spots that nothing in the picture hides."""
        canvas = Image.new("RGB", QUARTER)
        pen = ImageDraw.Draw(canvas)
        for u, v, spread, colour in self.spots:
            if not _shows(picture, u, v, colour):
                continue
            r = max(0.8, spread / 4 * 1.3)
            pen.ellipse((u / 4 - r, v / 4 - r, u / 4 + r, v / 4 + r), fill=colour)
        near = canvas.filter(ImageFilter.GaussianBlur(2.5))
        wide = canvas.filter(ImageFilter.GaussianBlur(9))
        lifted = wide.point([min(255, round(k * 1.9)) for k in range(256)] * 3)
        return ImageChops.add(near, lifted)


def _shows(picture: Image.Image, u: float, v: float, colour: tuple[int, int, int]) -> bool:
    """Whether the picture has about this colour at a pixel, that is, nothing nearer was drawn over it."""
    if not (0 <= u < picture.width and 0 <= v < picture.height):
        return False
    found = picture.getpixel((int(u), int(v)))
    return isinstance(found, tuple) and max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 48


def finished(picture: Image.Image, light: Light, glow: Glow, seed: int) -> Image.Image:
    """The picture as the sensor gives it, 1600 x 900 RGB."""
    if glow.spots and light.lamps > 0.05:
        halos = glow.halos(picture).resize(picture.size, Image.Resampling.BILINEAR)
        picture = ImageChops.screen(picture, halos)
    if light.rain > 0:
        picture = rained(picture, light, seed)
    values = np.asarray(picture, dtype=np.float32)
    if light.glare > 0:
        values = _glared(values, light)
    return Image.fromarray(_grained(values, light, seed))


def _grained(values: Pixels, light: Light, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Lens falloff and sensor noise, stronger in the dark."""
    strength = 4.2 if light.lamps > 0.8 else 2.2
    field = np.roll(_grain_field(), (seed % 311, seed % 197), axis=(0, 1))
    values = values * _falloff() + strength * field[..., None]
    return np.clip(values, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _grain_field() -> Pixels:
    tile = noise(9, 0.25)
    return np.asarray(np.tile(tile, (2, 4))[:HEIGHT_PX, :WIDTH_PX], dtype=np.float32)


@lru_cache(maxsize=1)
def _falloff() -> Pixels:
    x = (np.arange(WIDTH_PX) - WIDTH_PX / 2)[None, :] / WIDTH_PX
    y = (np.arange(HEIGHT_PX) - HEIGHT_PX / 2)[:, None] / WIDTH_PX
    return np.asarray(1.0 - 0.42 * (x * x + y * y), dtype=np.float32)[..., None]


def rained(picture: Image.Image, light: Light, seed: int) -> Image.Image:
    """Falling streaks, then drops on the lens; a picture of the whole view, of any size."""
    dice = np.random.default_rng(seed)
    streaks = Image.new("L", (WIDTH_PX // 2, HEIGHT_PX // 2), 0)
    pen = ImageDraw.Draw(streaks)
    for x, y, long, pale in dice.random((int(420 * light.rain), 4)).tolist():
        u, v, reach = x * WIDTH_PX / 2, y * HEIGHT_PX / 2, 8 + 26 * long * long
        pen.line((u, v, u - reach * 0.14, v + reach), fill=int(36 + 62 * pale), width=1 if long < 0.8 else 2)
    mask = streaks.filter(ImageFilter.BoxBlur(0.6)).resize(picture.size, Image.Resampling.BILINEAR)
    tint = (150, 156, 168) if light.lamps > 0.5 else (226, 230, 236)
    picture = Image.composite(Image.new("RGB", picture.size, tint), picture, mask)
    return _dropped(picture, light, dice)


def _dropped(picture: Image.Image, light: Light, dice: np.random.Generator) -> Image.Image:
    """Drops that show a small, upside-down, blurred scene; few near the middle, where people look."""
    upside = picture.resize(QUARTER, Image.Resampling.BOX).filter(ImageFilter.BoxBlur(3))
    upside = upside.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(picture.size, Image.Resampling.BILINEAR)
    mask = Image.new("L", (WIDTH_PX // 2, HEIGHT_PX // 2), 0)
    rim = Image.new("L", mask.size, 0)
    pen, edge = ImageDraw.Draw(mask), ImageDraw.Draw(rim)
    for x, y, size in dice.random((int(26 * light.rain), 3)).tolist():
        if abs(x - 0.5) < 0.2 and abs(y - 0.55) < 0.25:
            continue
        u, v, r = x * WIDTH_PX / 2, y * HEIGHT_PX / 2, 3 + 15 * size**3
        pen.ellipse((u - r, v - r * 1.12, u + r, v + r * 1.12), fill=215)
        edge.arc((u - r, v - r * 1.12, u + r, v + r * 1.12), 20, 160, fill=150, width=max(1, round(r / 5)))
        edge.arc((u - r, v - r * 1.12, u + r, v + r * 1.12), 200, 330, fill=60, width=max(1, round(r / 6)))
    soft = mask.filter(ImageFilter.BoxBlur(1)).resize(picture.size, Image.Resampling.BILINEAR)
    bright = rim.filter(ImageFilter.BoxBlur(1)).resize(picture.size, Image.Resampling.BILINEAR)
    picture = Image.composite(upside, picture, soft)
    return Image.composite(Image.new("RGB", picture.size, (236, 240, 244)), picture, bright.point(_half))


def _half(level: int) -> float:
    return level * 0.5


@lru_cache(maxsize=2)
def _sun_halo(u: int, v: int) -> Pixels:
    """Disk, halo, rays and a lens ghost around the sun, (height, width, 3) to be added."""
    width, height = QUARTER
    x = (np.arange(width) * 4 - u)[None, :].astype(np.float32)
    y = (np.arange(height) * 4 - v)[:, None].astype(np.float32)
    away, turn = np.hypot(x, y), np.arctan2(y, x)
    rays = 0.75 + 0.25 * np.cos(turn * 9.0) ** 6
    disk = np.clip(1.6 - away / 62.0, 0.0, 1.0) * 255
    halo = 220 * np.exp(-away / 120.0) * rays + 120 * np.exp(-away / 420.0) + 26
    ghost = np.hypot(x + (u - CENTRE_X_PX) * 2.1 + 130, y + (v - CENTRE_Y_PX) * 2.1 - 60)
    halo = halo + 26 * (ghost < 58) + 16 * (np.hypot(x + 300, y - 420) < 90)
    warm = (disk + halo)[..., None] * np.array([1.0, 0.9, 0.66], dtype=np.float32) + disk[..., None] * 0.4
    small = Image.fromarray(np.clip(warm, 0, 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(1))
    return np.asarray(small.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BILINEAR), dtype=np.float32)


def sun_pixel(light: Light) -> tuple[int, int]:
    """Where the sun stands in the picture: u, v."""
    x, y, z = light.sun
    return round(CENTRE_X_PX - y / x * FOCAL_PX), round(CENTRE_Y_PX - z / math.hypot(x, y) * FOCAL_PX)


def _glared(values: Pixels, light: Light) -> Pixels:
    """Light spread over the picture, which flattens its contrast near the sun."""
    halo = _sun_halo(*sun_pixel(light)) * light.glare
    lifted = values * (1.0 - 0.0016 * halo) + halo * 0.92
    return np.asarray(np.clip(lifted, 0, 255), dtype=np.float32)
