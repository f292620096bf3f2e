"""Pictures of a question as an arm shows them: always the same for the same frame, arm and seed."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image, ImageOps

from data.hashing import seeded_chance
from data.images.model_picture import ModelPicture
from data.probes import camera_faults, weather
from data.probes.arms import Arm, ArmKind

GREY = (128, 128, 128)
_JPEG_QUALITY = 92
Spoil = Callable[[weather.Picture, int, weather.Chance], weather.Picture]
_SPOIL: dict[ArmKind, Spoil] = {
    ArmKind.FOG: weather.fog,
    ArmKind.RAIN: weather.rain,
    ArmKind.SNOW: weather.snow,
    ArmKind.DARKNESS: weather.darkness,
    ArmKind.GLARE: weather.glare,
    ArmKind.LENS_DIRT: camera_faults.lens_dirt,
    ArmKind.MOTION_BLUR: camera_faults.motion_blur,
    ArmKind.DEFOCUS: camera_faults.defocus,
    ArmKind.COLOUR_SHIFT: camera_faults.colour_shift,
    ArmKind.NOISE: camera_faults.noise,
    ArmKind.JPEG: camera_faults.jpeg,
    ArmKind.LOW_RESOLUTION: camera_faults.low_resolution,
    ArmKind.CROP: camera_faults.crop,
    ArmKind.FRAME_LOST: camera_faults.frame_lost,
}
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in shares of the picture's width and height."""


def spoilt_picture(picture: ModelPicture, place: int, *, arm: Arm, frame_id: str, seed: int) -> ModelPicture:
    """A picture of a frame's question as the arm shows it; place: its number in the question. Arms that exchange
    pictures or change the words leave it as it is."""
    if arm.kind is ArmKind.NO_PICTURE:
        return _written(Image.new("RGB", (picture.width_px, picture.height_px), GREY))
    if arm.kind is ArmKind.MIRRORED:
        return _written(ImageOps.mirror(_read(picture)))
    if arm.kind not in _SPOIL or arm.strength is None:
        return picture
    drawn = seeded_chance("probe", seed, frame_id, place, arm.name)
    chance = np.random.default_rng(int(drawn * 2**53))
    spoilt = _SPOIL[arm.kind](weather.as_picture(_read(picture)), arm.strength - 1, chance)
    return _written(weather.as_image(spoilt))


def without_box(picture: ModelPicture, box: Box) -> ModelPicture:
    """The picture with a part greyed out."""
    image, (left, top, right, bottom) = _read(picture), box
    across, down = picture.width_px, picture.height_px
    part = (round(left * across), round(top * down), round(right * across), round(bottom * down))
    image.paste(GREY, part)
    return _written(image)


def spoils(arm: Arm, frame_id: str, seed: int) -> Callable[[ModelPicture, int], ModelPicture]:
    """What changes the pictures of one frame's question."""
    return partial(spoilt_picture, arm=arm, frame_id=frame_id, seed=seed)


def _read(picture: ModelPicture) -> Image.Image:
    return Image.open(io.BytesIO(picture.content)).convert("RGB")


def _written(image: Image.Image) -> ModelPicture:
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=_JPEG_QUALITY)
    return ModelPicture(out.getvalue(), image.width, image.height)
