"""Writing a snapshot's folder: lines, pictures, Parquet, the card, and the manifest over all of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from data.dataset_card import render_card
from data.errors import SnapshotError
from data.preference_pairs import EvaluationFrame, PreferencePair
from data.snapshot_format import (
    CARD,
    EVALUATION,
    EXCLUDED,
    MANIFEST,
    PAIRS,
    PARQUET,
    SCHEMA_VERSION,
    Manifest,
    file_hash,
    manifest_hash,
)
from data.snapshot_parquet import write_pairs
from data.vocabulary import canonical_json

Progress = Callable[[int, int], None]
"""Called with (pictures copied, pictures in all)."""

GENERATED = "generated"
"""Why a verified generated frame is left out of a snapshot that takes none."""
_BLOCK = 1 << 20


@dataclass
class SnapshotContent:
    """Everything that goes into a folder. `images` maps a path in the folder to (source, expected SHA-256);
    `blind_twice` counts held-out frames judged blind by two people, and those on which they agreed."""

    policy: dict[str, object]
    question_hash: str
    guideline_versions: list[str]
    student_run_id: str | None
    blind_twice: tuple[int, int]
    pairs: list[PreferencePair] = field(default_factory=list)
    evaluation: list[EvaluationFrame] = field(default_factory=list)
    excluded: list[dict[str, str]] = field(default_factory=list)
    images: dict[str, tuple[Path, str]] = field(default_factory=dict)


def write_folder(folder: Path, content: SnapshotContent, progress: Progress | None) -> Manifest:
    """Write everything into an empty folder, the manifest last; files are read-only when it returns.

    Raises SnapshotError for a picture that is gone or has changed since it was ingested.
    """
    fields = _fields(content)
    _write_lines(folder / PAIRS, content.pairs)
    _write_lines(folder / EVALUATION, content.evaluation)
    (folder / EXCLUDED).write_text(
        "".join(canonical_json(row) + "\n" for row in content.excluded), encoding="utf-8"
    )
    _copy_images(folder, content.images, progress)
    write_pairs(folder / PARQUET, content.pairs, folder)
    rated, agreed = content.blind_twice
    (folder / CARD).write_text(render_card(fields, rated_twice=rated, agreed=agreed), encoding="utf-8")
    known = {name: sha256 for name, (_, sha256) in content.images.items()}
    written = {name: file_hash(folder / name) for name in (CARD, PAIRS, PARQUET, EVALUATION, EXCLUDED)}
    fields["files"] = dict(sorted({**known, **written}.items()))
    manifest = Manifest.model_validate({**fields, "snapshot_hash": manifest_hash(fields)})
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    return manifest


def _fields(content: SnapshotContent) -> dict[str, object]:
    """The manifest without its hashes."""
    levels = (f"{pair.chosen_level.value}>{pair.rejected_level.value}" for pair in content.pairs)
    return {
        "schema_version": SCHEMA_VERSION,
        "pairs_by_weight": _counts(f"{pair.weight:.1f}" for pair in content.pairs),
        "pairs_by_levels": _counts(levels),
        "evaluation_by_level": _counts(frame.level.value for frame in content.evaluation),
        "excluded_by_reason": _counts(row["reason"] for row in content.excluded),
        "policy": content.policy,
        "question_hash": content.question_hash,
        "guideline_versions": content.guideline_versions,
        "train_scenes": sorted({pair.scene_id for pair in content.pairs}),
        "held_out_scenes": sorted({frame.scene_id for frame in content.evaluation}),
        "student_run_id": content.student_run_id,
        "generated": {
            "pairs": sum(pair.source_frame_id is not None for pair in content.pairs),
            "evaluation": sum(frame.source_frame_id is not None for frame in content.evaluation),
            "left_out": sum(row["reason"] == GENERATED for row in content.excluded),
        },
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _write_lines(path: Path, rows: Sequence[BaseModel]) -> None:
    lines = [canonical_json(row.model_dump(mode="json")) + "\n" for row in rows]
    path.write_text("".join(lines), encoding="utf-8")


def _copy_images(folder: Path, images: dict[str, tuple[Path, str]], progress: Progress | None) -> None:
    for done, (name, (source, expected)) in enumerate(sorted(images.items()), start=1):
        (folder / name).parent.mkdir(exist_ok=True)
        if _copied(source, folder / name) != expected:
            raise SnapshotError(
                f"The image {source} has changed since it was ingested; ingest again with --recheck."
            )
        if progress:
            progress(done, len(images))


def _copied(source: Path, target: Path) -> str:
    """Copy a file and return the SHA-256 of what was read."""
    digest = hashlib.sha256()
    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            while block := reading.read(_BLOCK):
                digest.update(block)
                writing.write(block)
    except OSError as error:
        raise SnapshotError(f"The image {source} cannot be copied: {error.strerror}.") from error
    return digest.hexdigest()
