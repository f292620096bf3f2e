"""A frame's image as part of an HTML file: small, re-encoded, without anything else that the file carried."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from data.images.orientation import turn_of, upright
from eval.statistics.rate import Undefined

WIDTH_PX = 640
MAX_PIXELS = 20_000_000
QUALITY = 80


def image_data_uri(path: Path) -> str | Undefined:
    """The image at most 640 px wide as a JPEG data URI, or why it cannot be shown."""
    try:
        with Image.open(path, formats=["JPEG", "PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                return Undefined(
                    f"the image has {image.width} x {image.height} pixels, more than can be shown"
                )
            small = upright(image.convert("RGB"), turn_of(image))
            small.thumbnail((WIDTH_PX, WIDTH_PX))
            buffer = BytesIO()
            small.save(buffer, "JPEG", quality=QUALITY)
    except FileNotFoundError:
        return Undefined("the image file is missing")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError):
        return Undefined("the image file cannot be read")
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
