"""A picture with regions of it made unreadable for good, as a fresh JPEG without metadata.

A region is reduced to a few blocks, of which each keeps the mean colour of its pixels and nothing else, and those are
blurred into each other so that no edge of them distracts. Blocks grow with the region: a face that fills the picture
keeps as little as one of ten pixels.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from PIL import Image, ImageFilter

from data.blurring.regions import Region
from data.images.inspection import ImageRefused, open_image
from data.images.orientation import turn_of, upright
from data.vocabulary import SetAside

BLOCKS = 6
"""So many at the most along a region's longer side."""
LEAST_BLOCK_PX = 8
QUALITY = 92


def opened(content: bytes, name: str) -> Image.Image:
    """A picture upright and in colour. Raises ImageRefused as `data.images.inspection.inspect_image`."""
    image = open_image(content, name)
    try:
        return upright(image.convert("RGB"), turn_of(image))
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, f"{name} cannot be decoded: {error}.") from error


def spoilt(image: Image.Image, regions: Iterable[Region]) -> bytes:
    """The JPEG of a picture whose regions are blurred; the image given stays as it is."""
    fresh = Image.new("RGB", image.size)
    fresh.paste(image)
    for region in regions:
        fresh.paste(_blurred(fresh, region), (region.left, region.top))
    out = io.BytesIO()
    fresh.save(out, format="JPEG", quality=QUALITY)
    return out.getvalue()


def _blurred(image: Image.Image, region: Region) -> Image.Image:
    width, height = region.size
    side = block_px(width, height)
    few = (-(-width // side), -(-height // side))
    cut = image.crop((region.left, region.top, region.right, region.bottom))
    blocks = cut.resize(few, Image.Resampling.BOX).resize((width, height), Image.Resampling.NEAREST)
    return blocks.filter(ImageFilter.GaussianBlur(side / 2))


def block_px(width_px: int, height_px: int) -> int:
    """How large a region's blocks are.

    >>> [block_px(*size) for size in ((10, 12), (60, 90), (600, 300))]
    [8, 15, 100]
    """
    return max(LEAST_BLOCK_PX, -(-max(width_px, height_px) // BLOCKS))
