"""The pictures around an alert on their way to a clip: a file that grows with each picture, whole up to wherever
whatever killed the monitor cut it off; and where everything lies. Knows no store and no video.

Below the monitor's folder: `clips/ALERT.mp4`, the clips; `clips/ALERT.before.mp4`, what there is of one so far;
`moments/ALERT/`, its pictures once more as files;
`spool/WATCH/ALERT.pictures`, the pictures; `spool/WATCH/ALERT.json`, what became of them until the store has it.
`spool/WATCH/lock` is locked for as long as a process of that watch lives.
"""

from __future__ import annotations

import errno
import json
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO

from data.whole_files import written_whole

BEFORE_S, AFTER_S = 7.0, 7.0
"""What UNECE's drafts for data recorders of automated vehicles ask for around a trigger (ADS-20-15)."""
_RECORD = struct.Struct("<qI")
_END = 0xFFFFFFFF
"""A length that no picture has: the window was over, and nothing is missing at the end."""
_AT_ONCE = 1000
"""POSIX promises that so many pieces can be written in one call (IOV_MAX is 1024 on Linux)."""
_SECOND_US = 1_000_000
_SPARE_US = 1_500_000
"""A window's first and last picture may be so far from its borders, or as far as pictures are apart."""


@dataclass(frozen=True)
class Places:
    """Where the clips of the monitor's folder lie."""

    pictures: Path

    @property
    def clips(self) -> Path:
        return self.pictures / "clips"

    def clip(self, alert_id: str) -> Path:
        return self.clips / f"{alert_id}.mp4"

    def early_clip(self, alert_id: str) -> Path:
        return self.clips / f"{alert_id}.before.mp4"

    def moment(self, alert_id: str) -> Path:
        """The clip's pictures as files, once somebody has looked at a frame of it."""
        return self.pictures / "moments" / alert_id

    @property
    def spools(self) -> Path:
        return self.pictures / "spool"

    def spool(self, watch_id: int | str, alert_id: str) -> Path:
        return self.spools / str(watch_id) / f"{alert_id}.pictures"

    def is_spooled(self, alert_id: str) -> bool:
        """Whether pictures of an alert of the store lie here and will become its clip."""
        return any(self.spools.glob(f"*/{alert_id}.pictures"))


@dataclass(frozen=True)
class Made:
    """What became of an alert's pictures. `sha256`: of the clip, None where there is none; `detail`: what is missing
    and why, None where nothing is."""

    alert_id: str
    sha256: str | None = None
    bytes: int = 0
    frames: int = 0
    first_us: int | None = None
    last_us: int | None = None
    detail: str | None = None


class Spool:
    """The growing file of one alert. Raises OSError."""

    def __init__(self, path: Path, risen_us: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb", buffering=0)
        self._is_torn = False
        self._write([_RECORD.pack(risen_us, 0)])

    def append(self, pictures: Sequence[tuple[int, bytes]]) -> None:
        """Add pictures with their times, oldest first, in few calls: threads that raise alerts hardly notice. After an
        OSError those that fitted are kept, and nothing more may be added."""
        parts = [part for at_us, content in pictures for part in (_RECORD.pack(at_us, len(content)), content)]
        for begin in range(0, len(parts), _AT_ONCE):
            self._write(parts[begin : begin + _AT_ONCE])

    def close(self, *, is_over: bool) -> None:
        """is_over: the window is; otherwise something cut it short."""
        try:
            if is_over and not self._is_torn:
                self._write([_RECORD.pack(0, _END)])
        finally:
            self._file.close()

    def _write(self, parts: Sequence[bytes]) -> None:
        self._is_torn = True
        if os.writev(self._file.fileno(), parts) < sum(
            map(len, parts)
        ):  # a disk takes what still fits, silently
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._is_torn = False


@dataclass(frozen=True)
class Spooled:
    """What a growing file holds: when the picture was taken that raised the alert, whether the window was over, and
    each picture's time and place in the file."""

    path: Path
    risen_us: int
    is_over: bool
    pictures: list[tuple[int, int, int]]

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        with self.path.open("rb") as file:
            for at_us, place, length in self.pictures:
                file.seek(place)
                yield at_us, file.read(length)


def read_spool(path: Path) -> Spooled:
    """Read what is whole of a growing file; a picture cut off at its end is left out. Raises OSError."""
    with path.open("rb") as file:
        size = path.stat().st_size
        risen_us, _ = _record(file) or (0, 0)
        pictures: list[tuple[int, int, int]] = []
        while (record := _record(file)) is not None:
            at_us, length = record
            if length == _END:
                return Spooled(path, risen_us, True, pictures)
            place = file.tell()
            if place + length > size:
                break
            pictures.append((at_us, place, length))
            file.seek(length, 1)
    return Spooled(path, risen_us, False, pictures)


def _record(file: IO[bytes]) -> tuple[int, int] | None:
    head = file.read(_RECORD.size)
    return _RECORD.unpack(head) if len(head) == _RECORD.size else None


def shortfall(risen_us: int, times_us: list[int], *, is_over: bool, unreadable: int = 0) -> str | None:
    """What a clip lacks, in sentences; None if it lacks nothing. times_us: of its pictures, oldest first.

    >>> shortfall(10_000_000, [3_000_000, 10_000_000, 13_000_000], is_over=False)
    'The monitor ended right after a picture from 3 s after the alert.'
    """
    first_s, last_s = (times_us[0] - risen_us) / _SECOND_US, (times_us[-1] - risen_us) / _SECOND_US
    apart = sorted(after - before for before, after in pairwise(times_us))
    spare_s = max(_SPARE_US, 1.5 * apart[len(apart) // 2] if apart else 0) / _SECOND_US
    said = []
    if first_s > spare_s - BEFORE_S:
        said.append(f"There is no picture from before {_when(first_s)}.")
    if not is_over:
        said.append(f"The monitor ended right after a picture from {_when(last_s)}.")
    elif last_s < AFTER_S - spare_s:
        said.append(f"The feed's last picture is from {_when(last_s)}.")
    if unreadable:
        said.append(f"{unreadable} of its pictures cannot be decoded.")
    return " ".join(said) or None


def _when(after_s: float) -> str:
    if not round(after_s, 1):
        return "the moment of the alert"
    side = "before" if after_s < 0 else "after"
    return f"{abs(round(after_s, 1)):g} s {side} the alert"


def reason_of(error: Exception) -> str:
    """Why there is no clip, in one sentence.

    >>> reason_of(OSError(28, "No space left on device"))
    'No space left on device.'
    """
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split()).rstrip(".") + "."


def write_made(spool: Path, made: Made) -> None:
    """Say beside the pictures what became of them, and let them go. Raises OSError."""
    with written_whole(spool.with_suffix(".json")) as partial:
        partial.write_text(json.dumps(asdict(made)), encoding="utf-8")
    spool.unlink(missing_ok=True)


def read_made(path: Path) -> Made:
    """Raises OSError, ValueError and TypeError for what is not there or was not written here."""
    return Made(**json.loads(path.read_text(encoding="utf-8")))
