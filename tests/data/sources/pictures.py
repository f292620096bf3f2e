"""Small pictures and what adapters make of them, for the tests of all sources."""

from __future__ import annotations

import io
from collections.abc import Iterable

from PIL import Image

from data.sources.port import SceneSetAside, SourceScene

SIZE_PX = (64, 48)


def a_jpeg(colour: tuple[int, int, int] = (90, 120, 60), *, exif: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", SIZE_PX, colour).save(out, "JPEG", **({"exif": exif} if exif else {}))
    return out.getvalue()


def colour_of(jpeg: bytes) -> tuple[int, int, int]:
    """The colour in the middle of a picture, rounded to tens, which is more than JPEG changes."""
    image = Image.open(io.BytesIO(jpeg)).convert("RGB")
    red, green, blue = image.getpixel((image.width // 2, image.height // 2))  # type: ignore[misc]
    return round(red, -1), round(green, -1), round(blue, -1)


def sorted_out(found: Iterable[SourceScene | SceneSetAside]) -> tuple[list[SourceScene], dict[str, str]]:
    """(the scenes, by name the reasons of those that were set aside)."""
    scenes, aside = list[SourceScene](), dict[str, str]()
    for one in found:
        if isinstance(one, SourceScene):
            scenes.append(one)
        else:
            aside[one.name] = one.reason
    return scenes, aside
