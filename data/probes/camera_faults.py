"""What a camera and its way to the model do to a picture: dirt, blur, wrong colours, noise, compression, lost parts.
Pure; pictures, strengths and chance as in `data.probes.weather`."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

from data.probes.weather import Chance, Picture, as_image, as_picture, discs, mixed, smooth_noise


def lens_dirt(picture: Picture, strength: int, chance: Chance) -> Picture:
    """Blotches close to the lens: brown, out of focus, uneven."""
    height, width, _ = picture.shape
    blotches = discs(
        chance,
        (width, height),
        (8, 18, 40)[strength],
        (height / 40, height / 10),
        softness=height / 50,
    )
    uneven = 0.6 + 0.4 * smooth_noise(chance, (width, height), cells=40)
    brown = np.broadcast_to(np.array([74, 62, 48], dtype=np.float32), picture.shape)
    return mixed(picture, brown, blotches * uneven)


def motion_blur(picture: Picture, strength: int, chance: Chance) -> Picture:
    """The mean of pictures along a nearly level line."""
    steps = max(2, picture.shape[1] // (110, 60, 30)[strength])
    slope = chance.uniform(-0.3, 0.3)
    moved = (np.roll(picture, (round(step * slope), step), axis=(0, 1)) for step in range(steps))
    return np.asarray(sum(moved, np.zeros_like(picture)) / steps, dtype=np.float32)


def defocus(picture: Picture, strength: int, chance: Chance) -> Picture:
    radius = picture.shape[1] / (450, 230, 110)[strength]
    return as_picture(as_image(picture).filter(ImageFilter.GaussianBlur(radius)))


def colour_shift(picture: Picture, strength: int, chance: Chance) -> Picture:
    """A white balance that is off, towards a colour of chance."""
    most = (0.15, 0.3, 0.5)[strength]
    towards = chance.uniform(-1, 1, size=3)
    gains = 1 + most * towards / np.abs(towards).max()
    return np.asarray(picture * gains.astype(np.float32), dtype=np.float32)


def noise(picture: Picture, strength: int, chance: Chance) -> Picture:
    """Of the sensor: as strong in the dark as in the light, and some that grows with the light."""
    spread = (8, 18, 36)[strength] * (0.6 + 0.8 * picture / 255)
    return np.asarray(picture + chance.standard_normal(picture.shape, dtype=np.float32) * spread)


def jpeg(picture: Picture, strength: int, chance: Chance) -> Picture:
    out = io.BytesIO()
    as_image(picture).save(out, format="JPEG", quality=(25, 12, 4)[strength])
    return as_picture(Image.open(out))


def low_resolution(picture: Picture, strength: int, chance: Chance) -> Picture:
    """Scaled down by 2, 4 or 8, and up again."""
    image, by = as_image(picture), (2, 4, 8)[strength]
    small = image.resize((max(1, image.width // by), max(1, image.height // by)), Image.Resampling.BOX)
    return as_picture(small.resize(image.size, Image.Resampling.BILINEAR))


def crop(picture: Picture, strength: int, chance: Chance) -> Picture:
    """A part of the picture, in its place."""
    image, share = as_image(picture), (0.85, 0.7, 0.5)[strength]
    width, height = image.width * share, image.height * share
    left, top = chance.uniform(0, image.width - width), chance.uniform(0, image.height - height)
    box = (left, top, left + width, top + height)
    return as_picture(image.resize(image.size, Image.Resampling.BILINEAR, box=box))


def frame_lost(picture: Picture, strength: int, chance: Chance) -> Picture:
    """The last third, the last two thirds, or all of the picture never came: black."""
    out = picture.copy()
    out[round(picture.shape[0] * (2 / 3, 1 / 3, 0)[strength]) :] = 0
    return out
