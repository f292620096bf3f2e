"""Files on their own and in ZIP archives, read alike; members are never written under the names that they bear."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from data.sources.wire.errors import WireError

MOST_BYTES = 500_000_000
"""Of one member, unpacked: twenty seconds of video have some tens of megabytes."""
MOST_MEMBERS = 1_000_000
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True)
class Stored:
    """A file, or a member of a ZIP archive by its whole name there."""

    file: Path
    member: str = ""

    @property
    def name(self) -> str:
        """Its own, without folders."""
        return self.member.rpartition("/")[2] if self.member else self.file.name

    def read(self, most_bytes: int = MOST_BYTES) -> bytes:
        """All of it. Raises WireError where it is missing, damaged, locked or larger than that."""
        try:
            if not self.member:
                with self.file.open("rb") as file:
                    content = file.read(most_bytes + 1)
            else:
                with zipfile.ZipFile(self.file) as archive, archive.open(self.member) as member:
                    content = member.read(most_bytes + 1)
        except (KeyError, *_DAMAGED) as error:
            raise WireError(f"it cannot be read from {self.file.name} ({error})") from error
        if len(content) > most_bytes:
            raise WireError(f"it has more than {most_bytes:,} bytes")
        return content


def members(file: Path) -> list[Stored]:
    """An archive's files, in its order. Raises WireError."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
    except _DAMAGED as error:
        raise WireError(f"it is no whole ZIP archive ({error})") from error
    if len(names) > MOST_MEMBERS:
        raise WireError(f"it holds {len(names):,} files, more than {MOST_MEMBERS:,}")
    return [Stored(file, name) for name in names]
