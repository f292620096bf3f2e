"""A folder of pictures: every folder that holds some is a scene.

Times are those in the names of the files, else those that cameras write into pictures (EXIF), else there are none and
the order of the names stands for them; the description of a scene says which. One scene has one kind of time.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path

from data.errors import SourceError
from data.images.inspection import ImageRefused, open_image
from data.sources.named_times import microseconds_of, offset_us, time_in_name
from data.sources.opening import Options
from data.sources.own_files import OwnFiles
from data.sources.pace import RATE_HZ, paced
from data.sources.port import Lack, SceneSetAside, SourceFrame, SourceScene
from data.sources.unusable import SceneUnusable, check_name
from data.vocabulary import storable_text

MOST_FRAMES = 200_000
"""Of one scene: a day and more at two a second."""
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
_HEAD_BYTES = 262_144
"""EXIF stands at the beginning of a JPEG, in a segment of at most 64 KiB."""
_SECOND_US = 1_000_000
_EXIF, _TAKEN, _FRACTION, _ZONE = 0x8769, 0x9003, 0x9291, 0x9011
_TAKEN_FORM = "%Y:%m:%d %H:%M:%S"
_ZONE_FORM = re.compile(r"[+-]\d{2}:\d{2}|Z")

TAKES = frozenset({"rate_hz"})


class PictureFolder(OwnFiles):
    """JPEG and PNG files, sorted into folders by drive.

    `rate_hz`: frames a second that are taken where times are known; where they are not, how many a second the pictures
    were taken at, and every one becomes a frame.
    """

    kind = "folder"
    camera = ""
    lacks = frozenset(Lack)

    def __init__(self, root: Path, *, rate_hz: float = RATE_HZ, licence: str = "") -> None:
        self.root, self.name = root.resolve(), root.resolve().name
        self._rate_hz, self._licence = rate_hz, licence

    def scenes(self) -> Iterator[SourceScene | SceneSetAside]:
        """See `Source`."""
        found = False
        for folder, pictures in _folders(self.root):
            found = True
            yield self._scene(folder, pictures)
        if not found:
            raise SourceError(f"{self.root} holds no JPEG or PNG file.")

    def _scene(self, folder: Path, pictures: list[Path]) -> SourceScene | SceneSetAside:
        name = self.name if folder == self.root else folder.relative_to(self.root).as_posix()
        try:
            _check_names(name, pictures)
            times_us, clock = _times(pictures, self._rate_hz)
            order = sorted(range(len(pictures)), key=lambda number: times_us[number])
            taken = paced([times_us[number] for number in order], self._rate_hz)
        except SceneUnusable as unusable:
            return SceneSetAside(storable_text(name), str(unusable))
        frames = [self._frame(pictures[order[one]], times_us[order[one]]) for one in taken]
        return SourceScene(name, name, frames, description=clock, log_name=name, licence=self._licence)

    def _frame(self, picture: Path, at_us: int) -> SourceFrame:
        file = picture.relative_to(self.root).as_posix()
        return SourceFrame(file, at_us, file)


def matches(path: Path) -> bool:
    """Whether a folder holds pictures, in itself or in the folders of it, and no tables beside them."""
    names = [*path.glob("*"), *path.glob("*/*")] if path.is_dir() else []
    has_tables = any(one.name == "sample_data.json" for one in names)
    return not has_tables and any(one.suffix.lower() in _SUFFIXES for one in names)


def source_at(path: Path, options: Options) -> PictureFolder:
    """Raises SourceError where there is nothing to read."""
    return PictureFolder(path, rate_hz=options.pace_hz, licence=options.licence or "")


def _folders(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Every folder that holds pictures, with them in the order of people: 2 before 10. Links to folders are not
    followed, hidden files are not read."""
    if not root.is_dir():
        raise SourceError(f"{root} is not a folder.")
    for folder, below, files in os.walk(root):
        below[:] = sorted(one for one in below if not one.startswith("."))
        pictures = [Path(folder, one) for one in files if Path(one).suffix.lower() in _SUFFIXES]
        pictures = [one for one in pictures if not one.name.startswith(".")]
        if pictures:
            yield Path(folder), sorted(pictures, key=lambda one: _natural(one.name))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts numbers in a name by their value.

    >>> sorted(["10.jpg", "9.jpg", "a.jpg"], key=_natural)
    ['9.jpg', '10.jpg', 'a.jpg']
    """
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _check_names(scene: str, pictures: Sequence[Path]) -> None:
    if len(pictures) > MOST_FRAMES:
        raise SceneUnusable(
            f"{scene} holds {len(pictures):,} pictures, more than {MOST_FRAMES:,}; split the folder."
        )
    for name in (scene, *(picture.name for picture in pictures)):
        check_name(name)


def _times(pictures: Sequence[Path], rate_hz: float) -> tuple[list[int], str]:
    """(microseconds since 1970 of every picture, where they are from)."""
    named = _whole([time_in_name(picture.stem) for picture in pictures])
    if named is not None:
        _refuse_same_time(pictures, named)
        return named, "Times are from the names of the files."
    taken = _exif_times(pictures)
    if taken is not None:
        _refuse_backwards(pictures, taken)
        return _spread(taken), "Times are from the EXIF data of the pictures."
    spaced = [round(number * _SECOND_US / rate_hz) for number in range(len(pictures))]
    return (
        spaced,
        f"Times are not known: the files are taken in the order of their names, {rate_hz:g} a second.",
    )


def _whole(times_us: Sequence[int | None]) -> list[int] | None:
    known = [time for time in times_us if time is not None]
    return known if len(known) == len(times_us) else None


def _refuse_same_time(pictures: Sequence[Path], times_us: Sequence[int]) -> None:
    first: dict[int, Path] = {}
    for picture, time_us in zip(pictures, times_us, strict=True):
        other = first.setdefault(time_us, picture)
        if other is not picture:
            raise SceneUnusable(
                f"{other.name} and {picture.name} state the same time; give every camera a folder of its own."
            )


def _refuse_backwards(pictures: Sequence[Path], times_us: Sequence[int]) -> None:
    for (_, before_us), (later, after_us) in pairwise(zip(pictures, times_us, strict=True)):
        if after_us < before_us:
            raise SceneUnusable(
                f"The clock runs backwards at {later.name}, by {(before_us - after_us) / _SECOND_US:,.1f} s of EXIF "
                "time; rename the files in the order of the drive without times, or set their EXIF times right."
            )


def _spread(times_us: Sequence[int]) -> list[int]:
    """Pictures of one whole second spread over it, evenly: most cameras write no fractions.

    >>> _spread([5_000_000, 5_000_000, 6_000_000])
    [5000000, 5500000, 6000000]
    """
    groups = [list(same) for _, same in groupby(times_us)]
    return [time + _SECOND_US * number // len(same) for same in groups for number, time in enumerate(same)]


def _exif_times(pictures: Iterable[Path]) -> list[int] | None:
    times = []
    for picture in pictures:
        time_us = _exif_time(picture)
        if time_us is None:  # the others need not be opened
            return None
        times.append(time_us)
    return times


def _exif_time(picture: Path) -> int | None:
    """When a camera took a picture by its EXIF data, as UTC unless they give an offset."""
    try:
        with picture.open("rb") as file:
            exif = open_image(file.read(_HEAD_BYTES), picture.name).getexif().get_ifd(_EXIF)
        moment = datetime.strptime(str(exif[_TAKEN]).strip("\0 "), _TAKEN_FORM).replace(tzinfo=UTC)
    except (ImageRefused, OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error):
        return None
    zone, fraction = str(exif.get(_ZONE, "")), re.match(r"\d{1,6}", str(exif.get(_FRACTION, "")))
    fraction_us = int(fraction[0].ljust(6, "0")) if fraction else 0
    return microseconds_of(moment) + fraction_us - offset_us(zone if _ZONE_FORM.fullmatch(zone) else None)
