"""How a camera was held: a picture's EXIF orientation, which browsers and some model servers follow and others do not.
Everybody is shown the upright picture, made here, without the tag."""

from __future__ import annotations

import struct

from PIL import Image

Turn = Image.Transpose
_TAG = 0x0112
_TURNS = {
    2: Turn.FLIP_LEFT_RIGHT,
    3: Turn.ROTATE_180,
    4: Turn.FLIP_TOP_BOTTOM,
    5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270,
    7: Turn.TRANSVERSE,
    8: Turn.ROTATE_90,
}
_ON_ITS_SIDE = frozenset({Turn.TRANSPOSE, Turn.ROTATE_270, Turn.TRANSVERSE, Turn.ROTATE_90})


def turn_of(image: Image.Image) -> Turn | None:
    """What makes the picture upright; None where it is, and where its EXIF cannot be read."""
    if (
        image.format == "PNG" and "exif" not in image.info
    ):  # to look for it behind the pixels would decode them
        return None
    try:
        tag = image.getexif().get(_TAG)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error):
        return None
    return _TURNS.get(tag) if isinstance(tag, int) else None


def turned_size(size: tuple[int, int], turn: Turn | None) -> tuple[int, int]:
    """(width, height) once turned, and back: the same call gives the raw size of an upright one.

    >>> turned_size((1600, 900), Turn.ROTATE_90), turned_size((1600, 900), None)
    ((900, 1600), (1600, 900))
    """
    return (size[1], size[0]) if turn in _ON_ITS_SIDE else size


def upright(image: Image.Image, turn: Turn | None) -> Image.Image:
    """The picture once turned."""
    return image if turn is None else image.transpose(turn)
