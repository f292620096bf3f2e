"""What a feed's picture shows of its camera: is it readable, black, the same as before. And the small copy for the
wall, made from the same decoding."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from data.images.inspection import ImageRefused, open_image
from data.vocabulary import SetAside

WALL_PX = (320, 180)
_SIGNATURE_PX = (64, 36)
BLACK_LUMA = 24.0
"""A picture is black when even its brightest hundredth is darker than this (of 255); a street at night is not."""
STILL_LUMA = 0.05
"""Two pictures are the same when they differ by less than this on average: noise alone moves a living camera more."""

Signature = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Look:
    """What one picture looks like. `signature`: its brightness reduced to 64x36; `wall`: a small JPEG, if wanted."""

    signature: Signature
    is_black: bool
    wall: bytes | None


def look_at(content: bytes, name: str, wants_wall: bool = True) -> Look:
    """Decode a JPEG or PNG once, at the smallest scale that serves. Raises ImageRefused: unreadable or too large."""
    image = open_image(content, name)
    try:
        image.draft(
            "RGB", WALL_PX
        )  # the same scale each time: pictures decoded at two scales are never still
        small = image.convert("RGB")
        wall = _small_jpeg(small) if wants_wall else None
        grey = small.convert("L").resize(_SIGNATURE_PX, resample=Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, f"{name} cannot be decoded: {error}.") from error
    luma = np.asarray(grey, dtype=np.float32)
    return Look(luma, bool(np.percentile(luma, 99) < BLACK_LUMA), wall)


def _small_jpeg(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail((400, 400))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=70)
    return out.getvalue()


def is_still(before: Signature | None, now: Signature) -> bool:
    """Whether nothing moved between two pictures, not even noise."""
    return before is not None and float(np.abs(before - now).mean()) < STILL_LUMA
