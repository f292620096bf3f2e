"""Looking at an image file before a person or a model does: is it whole, how large, how dark, how sharp.

Files come from a dataset and are not trusted: only JPEG and PNG are opened, and nothing above 20 megapixels.
"""

from __future__ import annotations

import hashlib
import io
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from data.images.brightness import counts_of, edge_percentile, median_of, percentile_of
from data.images.fingerprint import fingerprint
from data.images.glare import sun_share
from data.images.orientation import turn_of, turned_size, upright
from data.vocabulary import SetAside

MAX_PIXELS = 20_000_000
MAX_BYTES = 60_000_000
MAX_SIDE_PX = 16_384
MAX_SCANS = 100
"""A progressive JPEG has about ten; every one of them costs a pass over the whole picture."""
_SCAN = b"\xff\xda"
_FORMATS = ("JPEG", "PNG")
_PROBE_PX = (400, 225)


class ImageRefused(Exception):
    """The image cannot be used; `reason` and the message say why."""

    def __init__(self, reason: SetAside, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class ImageFacts:
    """What was measured on an image. `median_luma` 0..255; `edge_energy`: 75th percentile of the gradient
    magnitude of the image reduced to about 400x225 pixels, low where fog, blur or drops hide the scene;
    `black_level`: 5th percentile of the brightness, high where fog lifts the shadows; `sun_share`: what a disc of
    sun covers of the image, 0.0 without one; `fingerprint`: how it looks (`data.images.fingerprint`)."""

    sha256: str
    width_px: int
    height_px: int
    median_luma: float
    edge_energy: float
    black_level: float = 0.0
    sun_share: float = 0.0
    fingerprint: str = ""

    def pixels(self) -> dict[str, float]:
        """The measurements by name, as they are stored."""
        names = ("median_luma", "edge_energy", "black_level", "sun_share")
        return {name: round(float(getattr(self, name)), 4) for name in names}


def inspect_image(path: Path, stated_px: tuple[int, int] | None = None) -> ImageFacts:
    """Read the whole file once and measure it. stated_px: the (width, height) that its source states, as stored.

    Raises ImageRefused if it is missing, broken, too large or of another size.
    """
    content = read_image(path)
    image = open_image(content, path.name)
    if stated_px is not None and stated_px != image.size:
        detail = f"{path.name} has {_size(image.size)} pixels, and its source states {_size(stated_px)}."
        raise ImageRefused(SetAside.IMAGE_OTHER_SIZE, detail)
    width, height = turned_size(image.size, turn_of(image))
    pixels = np.asarray(_reduced(image, path.name))
    luma, counts = pixels.astype(np.float32), counts_of(pixels)
    return ImageFacts(
        sha256=hashlib.sha256(content).hexdigest(),
        width_px=width,
        height_px=height,
        median_luma=median_of(counts),
        edge_energy=edge_percentile(pixels, 75),
        black_level=percentile_of(counts, 5),
        sun_share=sun_share(luma),
        fingerprint=fingerprint(luma),
    )


def _size(size_px: tuple[int, int]) -> str:
    return f"{size_px[0]}x{size_px[1]}"


def leads_inside(path: Path, folder: Path) -> bool:
    """Whether a path, all links followed, is below a folder; a link to itself leads nowhere."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def read_image(path: Path) -> bytes:
    """A file's bytes. Raises ImageRefused if it is missing, cannot be read or is too large."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
            raise ImageRefused(SetAside.IMAGE_UNREADABLE, f"{path.name} is no regular file.")
        if found.st_size > MAX_BYTES:
            raise ImageRefused(SetAside.IMAGE_TOO_LARGE, f"{path.name} has more than {MAX_BYTES:,} bytes.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageRefused(SetAside.IMAGE_MISSING, f"{path.name} is not in the dataroot.") from error
    except OSError as error:
        detail = f"{path.name} cannot be read: {error.strerror}."
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, detail) from error


def open_image(content: bytes, name: str) -> Image.Image:
    """Open bytes as an image without decoding it yet. Raises ImageRefused: not an image we take, or too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except UnidentifiedImageError as error:
        detail = f"{name} is not a JPEG or PNG image."
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, detail) from error
    except (Image.DecompressionBombError, ValueError, OSError, SyntaxError) as error:
        raise ImageRefused(SetAside.IMAGE_TOO_LARGE, f"{name} is not opened: {error}.") from error
    width, height = image.size
    if max(width, height) > MAX_SIDE_PX:
        detail = f"{name} has {width}x{height} pixels, more than {MAX_SIDE_PX:,} on a side."
        raise ImageRefused(SetAside.IMAGE_TOO_LARGE, detail)
    if image.format == "JPEG" and (scans := content.count(_SCAN)) > MAX_SCANS:
        raise ImageRefused(SetAside.IMAGE_TOO_LARGE, f"{name} has {scans:,} scans, more than {MAX_SCANS}.")
    if width * height > MAX_PIXELS:
        detail = f"{name} has {width}x{height} pixels, more than {MAX_PIXELS:,}."
        raise ImageRefused(SetAside.IMAGE_TOO_LARGE, detail)
    return image


def _reduced(image: Image.Image, name: str) -> Image.Image:
    """The image in grey at about 400x225; decodes every byte of it, so a cut file shows."""
    turn = turn_of(image)
    try:
        image.draft("L", turned_size(_PROBE_PX, turn))
        return upright(image.convert("L"), turn).resize(_PROBE_PX, Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError) as error:
        detail = f"{name} cannot be decoded: {error}."
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, detail) from error


def rendition(
    path: Path,
    *,
    width_px: int | None = None,
    quality: int = 88,
    how: Image.Resampling = Image.Resampling.HAMMING,
) -> bytes:
    """The image as a fresh JPEG without metadata, scaled down to `width_px` if it is wider.

    how: the filter; this one costs half of what LANCZOS does and looks the same to people.
    Raises ImageRefused as `inspect_image` does.
    """
    return _rendition(read_image(path), path.name, width_px=width_px, quality=quality, how=how)


def _rendition(
    content: bytes, name: str, *, width_px: int | None, quality: int, how: Image.Resampling
) -> bytes:
    image = open_image(content, name)
    turn = turn_of(image)
    width, height = turned_size(image.size, turn)
    try:
        if width_px is not None and width > width_px:
            smaller = (width_px, max(1, round(height * width_px / width)))
            image.draft("RGB", turned_size((width_px, height * width_px // width), turn))
            image = image.convert("RGB").resize(turned_size(smaller, turn), how)
        out = io.BytesIO()
        fresh = upright(image.convert("RGB"), turn)
        fresh.info = {}  # Pillow would write the original's comment into the new file
        fresh.save(out, format="JPEG", quality=quality, optimize=False)
    except (OSError, SyntaxError, ValueError) as error:
        detail = f"{name} cannot be decoded: {error}."
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, detail) from error
    return out.getvalue()


def picture_for_screen(content: bytes, name: str) -> bytes:
    """A picture that is in memory as a fresh JPEG in its own size, without metadata. Raises ImageRefused."""
    return _rendition(content, name, width_px=None, quality=85, how=Image.Resampling.HAMMING)
