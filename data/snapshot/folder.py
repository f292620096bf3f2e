"""The folder a snapshot is: its manifest, its hashes, and reading it back with every hash checked.

manifest.json      what it is, counts, policy, scene lists, the hash of every file and of the whole
README.md          the dataset card
pairs.jsonl        one PreferencePair per line: verified frames of training scenes
pairs.parquet      the same pairs with their pictures, in TRL's columns
development.jsonl  one DevelopmentFrame per line: verified frames of training scenes that are kept out of training
evaluation.jsonl   one EvaluationFrame per line: verified held-out frames
excluded.jsonl     sampled frames that are in none, each with its reason
images/            the frames' images, named by frame id; not there where they are named at their own places
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from data.errors import LeakError, SnapshotError
from data.hashing import canonical_json, file_hash
from data.snapshot.pairs import DevelopmentFrame, EvaluationFrame, PreferencePair
from data.snapshot.terms import Terms
from data.vlm.moment import STILL, Lookback
from data.vocabulary import ImageStorage, ReplyForm

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
PAIRS = "pairs.jsonl"
PARQUET = "pairs.parquet"
CARD = "README.md"
DEVELOPMENT = "development.jsonl"
EVALUATION = "evaluation.jsonl"
EXCLUDED = "excluded.jsonl"
IMAGES = "images"
OWN_FILES = (CARD, PAIRS, PARQUET, EVALUATION, EXCLUDED)
"""What every snapshot has; DEVELOPMENT is missing where none was kept out, and before there was any."""

_NO_PART_OF_THE_DATA = {"snapshot_hash", "name", "description"}

Entry = PreferencePair | DevelopmentFrame | EvaluationFrame
Line = TypeVar("Line", bound=BaseModel)


class Manifest(BaseModel):
    """`manifest.json`. `snapshot_hash` covers what the data are: every field but itself, `name` and `description`, and
    through `files` every byte of the folder. Those two are what people call it: the same frames and texts under another
    name are the same snapshot, to a report as to a training.

    `generated`: how many of the pairs and of the evaluation frames are of generated frames, and how many verified
    generated frames were left out. `policy`: the options, and the named list that the snapshot was taken of, if any.
    `reply_form`: of both sides of every pair; `question_hash`: of the conversation that goes with it; `image_width_px`:
    how wide the pictures were that the student was shown, None where its replies were recorded elsewhere.
    `judged_in_stacks`: pairs whose frame people judged together with a look-alike only; `contradicted`: pairs whose
    chosen words what is there denies.
    `development_…`: of the part that `policy` gives share and seed of. `frames`, `spacing_s`: how many pictures a
    question shows, and how far apart they are due; `entries_by_pictures`: how many entries show so many, since the
    first frames of a scene have fewer before them. `terms`: of the pictures by data set, where not all are
    of nuScenes' tables. Snapshots from before there were any do not have these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    snapshot_hash: str
    name: str | None = None
    description: str | None = None
    pairs_by_weight: dict[str, int]
    pairs_by_levels: dict[str, int]
    evaluation_by_level: dict[str, int]
    excluded_by_reason: dict[str, int]
    policy: dict[str, object]
    reply_form: ReplyForm | None = None
    image_width_px: int | None = None
    frames: int = 1
    spacing_s: float | None = None
    entries_by_pictures: dict[str, int] = {}
    question_hash: str
    guideline_versions: list[str]
    train_scenes: list[str]
    held_out_scenes: list[str]
    development_scenes: list[str] = []
    development_by_level: dict[str, int] = {}
    student_run_id: str | None
    generated: dict[str, int] = {}
    judged_in_stacks: int = 0
    contradicted: int = 0
    terms: list[Terms] = []
    files: dict[str, str]

    @property
    def lookback(self) -> Lookback:
        """What every question of the snapshot shows."""
        return STILL if self.spacing_s is None else Lookback(self.frames, self.spacing_s)

    @property
    def list_name(self) -> str | None:
        """The named list that it was taken of."""
        chosen = self.policy.get("list")
        return str(chosen["name"]) if isinstance(chosen, dict) else None


@dataclass(frozen=True)
class Snapshot:
    """A snapshot read from disk, its hashes checked. `folder` is what image paths are relative to."""

    folder: Path
    manifest: Manifest
    pairs: list[PreferencePair]
    evaluation: list[EvaluationFrame]
    development: list[DevelopmentFrame] = field(default_factory=list)


def folder_name(name: str | None, at: datetime) -> str:
    """The name of a new snapshot's folder: from what people call it, else the time.

    >>> folder_name("First set, 2 reviewers!", datetime(2026, 5, 28, 20, 26))
    'first-set-2-reviewers'
    >>> folder_name(None, datetime(2026, 5, 28, 20, 26))
    '20260528-202600'
    """
    words = re.sub(r"[^a-z0-9]+", "-", (name or "").lower()).strip("-")
    return words or f"{at:%Y%m%d-%H%M%S}"


def manifest_hash(fields: dict[str, object]) -> str:
    """SHA-256 over the manifest's fields without itself and what people call the snapshot."""
    rest = {name: value for name, value in fields.items() if name not in _NO_PART_OF_THE_DATA}
    return hashlib.sha256(canonical_json(rest).encode()).hexdigest()


def load_snapshot(folder: Path, *, check_images: bool = True) -> Snapshot:
    """Read a snapshot and check it against its own hashes and counts.

    check_images: also that every picture is the one that was frozen, and that nothing else lies in the folder.
    Raises SnapshotError if a file is missing, was changed or added, or does not have the snapshot's form.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        if not check_images and name.startswith(f"{IMAGES}/"):
            continue
        _check_file(folder, name, expected)
    pairs = list(_entries(folder / PAIRS, PreferencePair))
    frames = list(_entries(folder / EVALUATION, EvaluationFrame))
    kept_out = DEVELOPMENT in manifest.files
    development = list(_entries(folder / DEVELOPMENT, DevelopmentFrame)) if kept_out else []
    _check_counts(folder, manifest, len(pairs), len(frames))
    _check_parts(folder, manifest, pairs, development, frames)
    entries: list[Entry] = [*pairs, *development, *frames]
    for one in entries:
        _check_names(folder, manifest, one)
        if check_images:
            _check_named_images(folder, one)
    if check_images:
        _refuse_extra_files(folder, manifest)
    return Snapshot(folder, manifest, pairs, frames, development)


def _check_parts(
    folder: Path,
    manifest: Manifest,
    pairs: list[PreferencePair],
    development: list[DevelopmentFrame],
    frames: list[EvaluationFrame],
) -> None:
    """A scene of the development part is in no other, and none of it is uncounted."""
    if len(development) != sum(manifest.development_by_level.values()):
        raise SnapshotError(
            f"{folder / MANIFEST} counts {sum(manifest.development_by_level.values()):,} development frames, and the "
            f"folder has {len(development):,}."
        )
    kept_out = {one.scene_id for one in development} | set(manifest.development_scenes)
    trained, judged = {one.scene_id for one in pairs}, {one.scene_id for one in frames}
    others = trained | judged | {*manifest.train_scenes, *manifest.held_out_scenes}
    if both := sorted(kept_out & others):
        raise LeakError(
            f"The scene {both[0]} of {folder} is in the development part and in another one ({len(both)} such): take "
            "the snapshot again."
        )
    _refuse_shared_pictures(folder, (pairs, development, frames))


def _refuse_shared_pictures(folder: Path, parts: Sequence[Sequence[Entry]]) -> None:
    """An earlier picture stands in the part of its scene alone."""
    shown = [{name for one in part for name in one.images} for part in parts]
    for one, other in itertools.combinations(shown, 2):
        if both := sorted(one & other):
            raise LeakError(
                f"The picture {both[0]} of {folder} is shown in two parts ({len(both)} such): take the snapshot again."
            )


def _check_counts(folder: Path, manifest: Manifest, pairs: int, frames: int) -> None:
    counted = (sum(manifest.pairs_by_weight.values()), sum(manifest.evaluation_by_level.values()))
    if counted != (pairs, frames):
        raise SnapshotError(
            f"{folder / MANIFEST} counts {counted[0]:,} pairs and {counted[1]:,} held-out frames, and the folder has "
            f"{pairs:,} and {frames:,}."
        )


def _check_names(folder: Path, manifest: Manifest, one: Entry) -> None:
    """Each entry has the pictures of one question, each a file that the manifest lists, or one named at its own place
    where the whole snapshot says that pictures are."""
    lookback, before_s = manifest.lookback, [shown.before_s for shown in one.earlier]
    if len(one.images) != 1 + len(one.earlier):
        expected = 1 + len(one.earlier) if one.earlier else "one"
        raise SnapshotError(
            f"{folder} gives frame {one.frame_id} {len(one.images)} pictures instead of {expected}."
        )
    if not lookback.shows(before_s):
        raise SnapshotError(
            f"{folder} mixes questions: frame {one.frame_id} has earlier pictures of {before_s} seconds before, and "
            f"its {MANIFEST} says {lookback.words}. Take the snapshot again."
        )
    referenced = manifest.policy.get("images") == ImageStorage.REFERENCED.value
    for name in one.images:
        known = Path(name).is_absolute() if referenced else name in manifest.files
        if not known or (not referenced and not name.startswith(f"{IMAGES}/")):
            raise SnapshotError(f"{folder} names {name} as a picture, which its {MANIFEST} does not list.")


def _check_named_images(folder: Path, one: Entry) -> None:
    """Pictures that the snapshot names where they are; those in the folder stand in the manifest."""
    for name, expected in zip(one.images, image_hashes(one), strict=True):
        if not (path := Path(name)).is_absolute():
            continue
        if not path.is_file():
            raise SnapshotError(f"{path}, which {folder} names, is gone.")
        if file_hash(path) != expected:
            raise SnapshotError(f"{path}, which {folder} names, was changed after the snapshot was frozen.")


def image_hashes(one: Entry) -> list[str]:
    """SHA-256 of each of an entry's pictures, in the order of its `images`."""
    return [*(shown.image_sha256 for shown in one.earlier), one.image_sha256]


def _refuse_extra_files(folder: Path, manifest: Manifest) -> None:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    for name in sorted(there - {MANIFEST, *manifest.files}):
        raise SnapshotError(
            f"{folder / name} does not belong to the snapshot: its {MANIFEST} does not list it."
        )


def find_pair(folder: Path, pair_id: str) -> tuple[Manifest, PreferencePair | None]:
    """A snapshot's manifest, and its pair of that id if it has one. Raises SnapshotError as `load_snapshot`, for the
    manifest and the pairs' file."""
    manifest = read_manifest(folder)
    _check_file(folder, PAIRS, manifest.files[PAIRS])
    pairs = _entries(folder / PAIRS, PreferencePair, with_text=pair_id)
    return manifest, next((pair for pair in pairs if pair.pair_id == pair_id), None)


def read_manifest(folder: Path) -> Manifest:
    """A snapshot's manifest, checked against its own hash. Raises SnapshotError."""
    path = folder / MANIFEST
    if not path.is_file():
        raise SnapshotError(f"{folder} is not a snapshot: it has no {MANIFEST}.")
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise SnapshotError(f"{path} is not a snapshot's manifest: {_first(error)}.") from error
    if manifest_hash(manifest.model_dump(mode="json", exclude_unset=True)) != manifest.snapshot_hash:
        raise SnapshotError(f"{path} was changed after the snapshot was frozen: its hash does not match.")
    if manifest.schema_version != SCHEMA_VERSION:
        raise SnapshotError(
            f"{path} has the schema version {manifest.schema_version}; this version of teletriage reads "
            f"{SCHEMA_VERSION}."
        )
    for name in OWN_FILES:
        if name not in manifest.files:
            raise SnapshotError(f"{path} does not list {name}, which every snapshot has.")
    return manifest


def _check_file(folder: Path, name: str, expected: str) -> None:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise SnapshotError(f"{folder / MANIFEST} names {name}, which lies outside the snapshot.")
    if not path.is_file():
        raise SnapshotError(f"{path} is missing from the snapshot.")
    if file_hash(path) != expected:
        raise SnapshotError(f"{path} was changed after the snapshot was frozen: its hash does not match.")


class _Left(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    frame_id: str
    reason: str


def excluded_reasons(folder: Path) -> dict[str, str]:
    """Why each sampled frame that is not in the snapshot was left out, by frame id. Raises SnapshotError."""
    return {one.frame_id: one.reason for one in _entries(folder / EXCLUDED, _Left)}


def _entries(path: Path, kind: type[Line], with_text: str = "") -> Iterator[Line]:
    """A file's lines that hold this text, each as one object. Only newlines end one: texts may hold other
    separators."""
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if with_text not in line:
                continue
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                raise SnapshotError(f"Line {number} of {path} cannot be read: {_first(error)}.") from error


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
