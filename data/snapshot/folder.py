"""The folder a snapshot is: its manifest, its hashes, and reading it back with every hash checked.

manifest.json      what it is, counts, policy, scene lists, the hash of every file and of the whole
README.md          the dataset card
pairs.jsonl        one PreferencePair per line: verified frames of training scenes
pairs.parquet      the same pairs with their pictures, in TRL's columns
evaluation.jsonl   one EvaluationFrame per line: verified held-out frames
excluded.jsonl     sampled frames that are in neither, each with its reason
images/            the frames' images, named by frame id; not there where they are named at their own places
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from data.errors import SnapshotError
from data.hashing import canonical_json, file_hash
from data.snapshot.pairs import EvaluationFrame, PreferencePair
from data.vocabulary import ReplyForm

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
PAIRS = "pairs.jsonl"
PARQUET = "pairs.parquet"
CARD = "README.md"
EVALUATION = "evaluation.jsonl"
EXCLUDED = "excluded.jsonl"
IMAGES = "images"


class Manifest(BaseModel):
    """`manifest.json`. `snapshot_hash` covers every other field, and through `files` every byte of the folder.

    `generated`: how many of the pairs and of the evaluation frames are of generated frames, and how many verified
    generated frames were left out. `reply_form`: of both sides of every pair; `question_hash`: of the conversation
    that goes with it; `image_width_px`: how wide the pictures were that the student was shown, None where its replies
    were recorded elsewhere. Snapshots from before there were any do not have these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    snapshot_hash: str
    pairs_by_weight: dict[str, int]
    pairs_by_levels: dict[str, int]
    evaluation_by_level: dict[str, int]
    excluded_by_reason: dict[str, int]
    policy: dict[str, object]
    reply_form: ReplyForm | None = None
    image_width_px: int | None = None
    question_hash: str
    guideline_versions: list[str]
    train_scenes: list[str]
    held_out_scenes: list[str]
    student_run_id: str | None
    generated: dict[str, int] = {}
    files: dict[str, str]


@dataclass(frozen=True)
class Snapshot:
    """A snapshot read from disk, its hashes checked. `folder` is what image paths are relative to."""

    folder: Path
    manifest: Manifest
    pairs: list[PreferencePair]
    evaluation: list[EvaluationFrame]


def manifest_hash(fields: dict[str, object]) -> str:
    """SHA-256 over the manifest's fields without `snapshot_hash`."""
    rest = {name: value for name, value in fields.items() if name != "snapshot_hash"}
    return hashlib.sha256(canonical_json(rest).encode()).hexdigest()


def load_snapshot(folder: Path, *, check_images: bool = True) -> Snapshot:
    """Read a snapshot and check it against its own hashes.

    Raises SnapshotError if a file is missing, was changed, or does not have the snapshot's form.
    """
    manifest = _load_manifest(folder)
    for name, expected in manifest.files.items():
        if not check_images and name.startswith(f"{IMAGES}/"):
            continue
        _check_file(folder, name, expected)
    pairs = [PreferencePair.model_validate_json(line) for line in _lines(folder / PAIRS)]
    frames = [EvaluationFrame.model_validate_json(line) for line in _lines(folder / EVALUATION)]
    if check_images:
        entries: list[PreferencePair | EvaluationFrame] = [*pairs, *frames]
        for one in entries:
            _check_named_images(folder, one)
    return Snapshot(folder, manifest, pairs, frames)


def _check_named_images(folder: Path, one: PreferencePair | EvaluationFrame) -> None:
    """Pictures that the snapshot names where they are; those in the folder stand in the manifest."""
    for name in one.images:
        if not (path := Path(name)).is_absolute():
            continue
        if not path.is_file():
            raise SnapshotError(f"{path}, which {folder} names, is gone.")
        if file_hash(path) != one.image_sha256:
            raise SnapshotError(f"{path}, which {folder} names, was changed after the snapshot was frozen.")


def find_pair(folder: Path, pair_id: str) -> tuple[Manifest, PreferencePair | None]:
    """A snapshot's manifest, and its pair of that id if it has one. Raises SnapshotError as `load_snapshot`, for the
    manifest and the pairs' file."""
    manifest = _load_manifest(folder)
    _check_file(folder, PAIRS, manifest.files[PAIRS])
    with (folder / PAIRS).open(encoding="utf-8") as lines:
        named = (line for line in lines if pair_id in line)
        pairs = (PreferencePair.model_validate_json(line) for line in named)
        return manifest, next((pair for pair in pairs if pair.pair_id == pair_id), None)


def _load_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.is_file():
        raise SnapshotError(f"{folder} is not a snapshot: it has no {MANIFEST}.")
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise SnapshotError(
            f"{path} is not a snapshot's manifest: {first['loc']}: {first['msg']}."
        ) from error
    if manifest_hash(manifest.model_dump(mode="json", exclude_unset=True)) != manifest.snapshot_hash:
        raise SnapshotError(f"{path} was changed after the snapshot was frozen: its hash does not match.")
    return manifest


def _check_file(folder: Path, name: str, expected: str) -> None:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise SnapshotError(f"{folder / MANIFEST} names {name}, which lies outside the snapshot.")
    if not path.is_file():
        raise SnapshotError(f"{path} is missing from the snapshot.")
    if file_hash(path) != expected:
        raise SnapshotError(f"{path} was changed after the snapshot was frozen: its hash does not match.")


def excluded_reasons(folder: Path) -> dict[str, str]:
    """Why each sampled frame that is not in the snapshot was left out, by frame id."""
    rows = [json.loads(line) for line in _lines(folder / EXCLUDED)]
    return {row["frame_id"]: row["reason"] for row in rows}


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line]
