"""The picture that a model is shown: scaled here, by one filter, to a size that no server and no processor changes.

Qwen-VL models cut a picture into tokens of 32 x 32 pixels and resize what is no multiple of that, or has more pixels
than they are set to take. A picture of exact multiples within their limits is passed through, so that what is trained
on, asked about and measured with has the same pixels and the same number of tokens.
"""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from data.images.inspection import ImageRefused, open_image, read_image
from data.images.orientation import turn_of, turned_size, upright
from data.vocabulary import SetAside

TOKEN_PX = 32
DEFAULT_WIDTH_PX = 1152
"""Of a 1600 x 900 frame it makes 1152 x 640 pixels: 720 tokens."""
_JPEG_QUALITY = 92
_FILTER = Image.Resampling.HAMMING


@dataclass(frozen=True)
class ModelPicture:
    """A JPEG as a model is shown it."""

    content: bytes
    width_px: int
    height_px: int

    @property
    def tokens(self) -> int:
        """How many tokens a Qwen-VL model makes of it."""
        return self.width_px * self.height_px // TOKEN_PX**2


def model_size(width_px: int, height_px: int, *, most_width_px: int) -> tuple[int, int]:
    """(width, height) in pixels that a picture is scaled to: as wide as allowed, both sides multiples of 32.

    >>> model_size(1600, 900, most_width_px=1152), model_size(320, 180, most_width_px=1152)
    ((1152, 640), (320, 192))
    """
    scale = min(1.0, most_width_px / width_px)
    return _multiple(width_px * scale), _multiple(height_px * scale)


def shared_width_px(pictures: int) -> int:
    """How wide so many 16:9 pictures are that together have no more pixels than one of the default width.

    >>> shared_width_px(1), shared_width_px(3)
    (1152, 640)
    """
    return int(DEFAULT_WIDTH_PX / math.sqrt(pictures)) // TOKEN_PX * TOKEN_PX


def _multiple(side_px: float) -> int:
    return max(1, round(side_px / TOKEN_PX)) * TOKEN_PX


def model_picture(content: bytes, name: str, *, width_px: int) -> ModelPicture:
    """A picture in memory as a model is shown it. Raises ImageRefused as `data.images.inspection.inspect_image`."""
    image = open_image(content, name)
    turn = turn_of(image)
    size = model_size(*turned_size(image.size, turn), most_width_px=width_px)
    if turn is None and image.size == size and image.format == "JPEG" and image.mode == "RGB":
        return ModelPicture(content, *size)
    try:
        image.draft("RGB", turned_size(size, turn))
        scaled = upright(image.convert("RGB").resize(turned_size(size, turn), _FILTER), turn)
        out = io.BytesIO()
        scaled.info = {}  # Pillow would write the original's comment into the new file
        scaled.save(out, format="JPEG", quality=_JPEG_QUALITY, optimize=False)
    except (OSError, SyntaxError, ValueError) as error:
        detail = f"{name} cannot be decoded: {error}."
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, detail) from error
    return ModelPicture(out.getvalue(), *size)


def model_picture_of(path: Path, *, width_px: int) -> ModelPicture:
    """A picture on disk as a model is shown it. Raises ImageRefused as `data.images.inspection.inspect_image`."""
    return model_picture(read_image(path), path.name, width_px=width_px)


def model_picture_file(path: Path, folder: Path, *, width_px: int) -> Path:
    """The picture as a model is shown it, as a file of `folder` for servers that read it there; written once.

    Raises ImageRefused as `data.images.inspection.inspect_image`, OSError if the folder cannot be written to.
    """
    content = read_image(path)
    digest = hashlib.sha256(content).hexdigest()
    target = folder / str(width_px) / f"{digest}.jpg"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".unfinished")
        unfinished.write_bytes(model_picture(content, path.name, width_px=width_px).content)
        unfinished.replace(target)
    return target
