"""A frame's pictures as a model is shown them, and the addresses under which a server finds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data.images.model_picture import ModelPicture, model_picture_file, model_picture_of
from data.text.phrases import counted
from data.vlm.moment import AskedFrame, Earlier, Moment
from data.vlm.request import PICTURE_MARKS, SamplingParameters, data_url, file_url


@dataclass(frozen=True)
class ShownFrame:
    """`pictures`: all of the question's, the frame's own last; `url`: the address of that one; `moment`: what the
    message says of their times."""

    pictures: tuple[ModelPicture, ...]
    url: str
    earlier: tuple[Earlier[str], ...]
    moment: Moment

    @property
    def tokens(self) -> int:
        """How many a Qwen-VL model makes of the pictures and of the marks around each."""
        return sum(one.tokens + PICTURE_MARKS for one in self.pictures)

    @property
    def words(self) -> str:
        """The pictures' tokens and sizes, for a sentence."""
        sizes = " and ".join(f"{one.width_px} x {one.height_px}" for one in self.pictures)
        many = len(self.pictures)
        named = "a picture" if many == 1 else counted(many, "picture")
        return f"{sum(one.tokens for one in self.pictures):,} of {named} of {sizes} pixels"


def shown_frame(frame: AskedFrame, sampling: SamplingParameters, files: Path | None = None) -> ShownFrame:
    """The frame as it is asked about; files: the folder, which the server reads too, where pictures are written and
    named instead of sending them.

    Raises ImageRefused as `data.images.inspection.inspect_image`, OSError if the folder cannot be written to.
    """
    images = [*(one.picture for one in frame.earlier), frame.image]
    *earlier, (own, url) = [_addressed(image, sampling.image_width_px, files) for image in images]
    before_s = [one.before_s for one in frame.earlier]
    return ShownFrame(
        (*(picture for picture, _ in earlier), own),
        url,
        tuple(Earlier(address, before) for (_, address), before in zip(earlier, before_s, strict=True)),
        Moment.of(sampling.lookback, before_s),
    )


def shown_otherwise(shown: ShownFrame, change: Callable[[ModelPicture, int], ModelPicture]) -> ShownFrame:
    """The same question with each picture, numbered from the oldest, changed; pictures are sent, not named."""
    pictures = tuple(change(picture, place) for place, picture in enumerate(shown.pictures))
    *earlier, own = [data_url(one) for one in pictures]
    before_s = [one.before_s for one in shown.earlier]
    addressed = tuple(Earlier(url, before) for url, before in zip(earlier, before_s, strict=True))
    return ShownFrame(pictures, own, addressed, shown.moment)


def _addressed(image: Path, width_px: int, files: Path | None) -> tuple[ModelPicture, str]:
    picture = model_picture_of(image, width_px=width_px)
    if files is None:
        return picture, data_url(picture)
    return picture, file_url(model_picture_file(image, files, width_px=width_px))
