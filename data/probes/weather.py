"""What weather and light do to a picture: fog, rain, snow, darkness, glare. Pure.

Pictures are (height, width, 3) float32 arrays of 0 to 255, `strength` is 0, 1 or 2, and all chance comes from the
generator that is given. Own code: albumentations is kept no more, its successor is AGPL, and both bring OpenCV.
Distances in fog are those of a street before nuScenes' front camera: a flat road between walls ten metres aside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.float32]
Chance = np.random.Generator

_HORIZON = 0.5
_METRES_PER_SHARE = 2.11
"""A point of the road d metres ahead lies 2.11 / d of the picture's height below the horizon: a camera 1.5 m above the
road with a focal length of 1,266 pixels at 900 pixels of height."""
_METRES_TO_WALL_PER_SHARE = 7.9
"""The same of a wall 10 m aside, by the distance from the middle in shares of a width of 1,600 pixels."""
_FARTHEST_M = 120.0
_VISIBILITY_M = (150.0, 75.0, 35.0)
_SUN = 0.03
"""Radius of a sun as the camera sees it, overexposed, in shares of the height."""
_CONTRAST_LEFT = 3.912
"""-log 0.02: at the distance of visibility 2 % of the contrast is left (Koschmieder)."""


def fog(picture: Picture, strength: int, chance: Chance) -> Picture:
    """A veil that grows with the distance, in drifts."""
    height, width, _ = picture.shape
    below = np.maximum((np.arange(height) + 0.5) / height - _HORIZON, 1e-4)
    aside = np.maximum(np.abs((np.arange(width) + 0.5) / width - 0.5), 1e-4)
    road_m, wall_m = _METRES_PER_SHARE / below[:, None], _METRES_TO_WALL_PER_SHARE / aside[None, :]
    metres = np.minimum(np.minimum(road_m, wall_m), _FARTHEST_M)
    drifts = 0.75 + 0.5 * smooth_noise(chance, (width, height), cells=6)
    veil = np.asarray(
        1 - np.exp(-_CONTRAST_LEFT / _VISIBILITY_M[strength] * metres * drifts), dtype=np.float32
    )
    light = min(230.0, 1.6 * float(picture.mean()) + 30)
    return mixed(picture, np.full_like(picture, light), veil)


def rain(picture: Picture, strength: int, chance: Chance) -> Picture:
    """Streaks in the air, drops on the lens, less contrast."""
    height, width, _ = picture.shape
    dots = (chance.random((height, width)) < (0.0012, 0.0025, 0.005)[strength]).astype(np.float32)
    streaks = smeared(dots, length=max(3, height // (34, 26, 20)[strength]), across=-0.25)
    grey = mixed(picture, np.full_like(picture, picture.mean()), (0.1, 0.2, 0.35)[strength])
    wet = mixed(grey, np.full_like(picture, 215.0), np.minimum(streaks * 0.8, 0.7))
    return _with_drops(wet, (10, 25, 55)[strength], chance)


def _with_drops(picture: Picture, drops: int, chance: Chance) -> Picture:
    """A drop shows what is behind it upside down and blurred."""
    height, width, _ = picture.shape
    turned = as_picture(as_image(picture).filter(ImageFilter.GaussianBlur(height / 60)))[::-1]
    mask = discs(chance, (width, height), drops, (height / 60, height / 22), softness=height / 300)
    return mixed(picture, turned * 1.05, mask * 0.9)


def snow(picture: Picture, strength: int, chance: Chance) -> Picture:
    """Flakes, and the haze of those far away."""
    height, width, _ = picture.shape
    near = discs(
        chance,
        (width, height),
        (150, 400, 900)[strength],
        (height / 320, height / 110),
        softness=height / 500,
    )
    hazy = mixed(picture, np.full_like(picture, 225.0), (0.12, 0.25, 0.45)[strength])
    return mixed(hazy, np.full_like(picture, 250.0), near * 0.9)


def darkness(picture: Picture, strength: int, chance: Chance) -> Picture:
    """Less light, and the noise of a sensor that makes up for it."""
    left = (0.45, 0.25, 0.12)[strength]
    grain = chance.standard_normal(picture.shape, dtype=np.float32) * (3, 5, 8)[strength]
    return np.asarray(255 * left * (picture / 255) ** 1.25 + grain, dtype=np.float32)


def glare(picture: Picture, strength: int, chance: Chance) -> Picture:
    """A low sun: a disc, its bloom, and a veil over everything."""
    height, width, _ = picture.shape
    across, down = chance.uniform(0.2, 0.8) * width, chance.uniform(0.15, 0.45) * height
    y, x = np.ogrid[:height, :width]
    away = np.hypot(x - across, y - down) / height
    bloom = np.exp(-((away / (0.16, 0.3, 0.5)[strength]) ** 2)) + (away < _SUN)
    veil = (0.08, 0.16, 0.28)[strength]
    light = np.clip(bloom + veil, 0, 1)[..., None] * np.array([255, 248, 225], dtype=np.float32)
    return np.asarray(255 - (255 - picture) * (255 - light) / 255, dtype=np.float32)


def mixed(under: Picture, over: Picture, opacity: Picture | float) -> Picture:
    """`over` laid upon `under`; opacity: (height, width) or one number, 0 to 1."""
    share = np.asarray(opacity, dtype=np.float32)
    share = share[..., None] if share.ndim else share
    return np.asarray(under + (over - under) * share, dtype=np.float32)


def smeared(mask: Picture, *, length: int, across: float) -> Picture:
    """A (height, width) mask drawn out downwards by `length` pixels, and by `across` of that sideways."""
    out = np.zeros_like(mask)
    for step in range(length):
        out += np.roll(mask, (step, round(step * across)), axis=(0, 1))
    return np.minimum(out, 1)


def smooth_noise(chance: Chance, size: tuple[int, int], *, cells: int) -> Picture:
    """(height, width) of 0 to 1 that changes over about 1 / cells of the width."""
    width, height = size
    rows = max(2, round(cells * height / width))
    coarse = Image.fromarray(chance.random((rows, cells), dtype=np.float32), mode="F")
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.float32).clip(0, 1)


def discs(
    chance: Chance, size: tuple[int, int], many: int, radius_px: tuple[float, float], *, softness: float
) -> Picture:
    """(height, width) of 0 to 1: so many discs at random places, with soft rims."""
    drawn = Image.new("L", size)
    draw = ImageDraw.Draw(drawn)
    centres = chance.random((many, 2)) * size
    radii = chance.uniform(*radius_px, size=many)
    for (x, y), radius in zip(centres.tolist(), radii.tolist(), strict=True):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(drawn.filter(ImageFilter.GaussianBlur(softness)), dtype=np.float32) / 255


def as_image(picture: Picture) -> Image.Image:
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8), mode="RGB")


def as_picture(image: Image.Image) -> Picture:
    return np.asarray(image, dtype=np.float32)
