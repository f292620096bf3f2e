"""Checkpoints that can be trusted: each is sealed with its provenance and the hash of every file, last of all.

A folder without a seal, or with a file that is not what its seal says, was being written when the process or the
machine died. It is passed over, and the one before it is the last good one.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from data.hashing import file_hash
from training.record.provenance import (
    PROVENANCE,
    CheckpointProvenance,
    RunOrigin,
    now,
    read_checkpoint,
    write_provenance,
)

_PREFIX = "checkpoint-"


def checkpoint_folder(folder: Path, step: int) -> Path:
    """Where the checkpoint after `step` updates is; the name is the libraries' own."""
    return folder / f"{_PREFIX}{step}"


def seal(checkpoint: Path, *, step: int, origin: RunOrigin) -> None:
    """Declare the checkpoint whole: write `provenance.json` with what determined it and the hash of every file."""
    files = {str(path.relative_to(checkpoint)): file_hash(path) for path in _files(checkpoint)}
    write_provenance(
        checkpoint, CheckpointProvenance(finished_at=now(), step=step, origin=origin, files=files)
    )


def last_good(folder: Path) -> Path | None:
    """The sealed checkpoint with the most updates whose files are all as they were sealed; None if there is none."""
    newest_first = sorted(folder.glob(f"{_PREFIX}*"), key=_step, reverse=True)
    return next((checkpoint for checkpoint in newest_first if is_whole(checkpoint)), None)


def is_whole(checkpoint: Path) -> bool:
    """Whether the checkpoint is sealed and nothing in it has changed since."""
    record = read_checkpoint(checkpoint)
    return record is not None and all(
        (checkpoint / name).is_file() and file_hash(checkpoint / name) == expected
        for name, expected in record.files.items()
    )


def steps_of(checkpoint: Path | None) -> int:
    """How many updates a checkpoint is after; 0 for none."""
    return 0 if checkpoint is None else _step(checkpoint)


def remove_unfinished(folder: Path) -> None:
    """Remove the checkpoints that are not whole, so that the libraries' own clearing up counts good ones alone."""
    for checkpoint in folder.glob(f"{_PREFIX}*"):
        if not is_whole(checkpoint):
            shutil.rmtree(checkpoint)


def replaced_by(place: Path) -> Path:
    """Where a folder is written that is to take the place of `place`."""
    return place.with_name(f"{place.name}.new")


def take_place(place: Path) -> None:
    """Put what was written to `replaced_by(place)` there, if it is whole; else remove it. Whoever died on the way
    leaves either the old one, the new one, or one that the next call puts in its place."""
    new = replaced_by(place)
    if is_whole(new):
        shutil.rmtree(place, ignore_errors=True)
        new.rename(place)
    else:
        shutil.rmtree(new, ignore_errors=True)


def _files(checkpoint: Path) -> list[Path]:
    return sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != PROVENANCE)


def _step(checkpoint: Path) -> int:
    digits = checkpoint.name.removeprefix(_PREFIX)
    return int(digits) if digits.isdigit() else -1
