"""Writing a snapshot's folder: lines, pictures, Parquet, the card, and the manifest over all of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

from data.errors import SnapshotError
from data.hashing import canonical_json, file_hash
from data.snapshot.card import render_card
from data.snapshot.folder import (
    CARD,
    DEVELOPMENT,
    EVALUATION,
    EXCLUDED,
    MANIFEST,
    OWN_FILES,
    PAIRS,
    PARQUET,
    SCHEMA_VERSION,
    Entry,
    Manifest,
    image_hashes,
    manifest_hash,
)
from data.snapshot.pairs import DevelopmentFrame, PreferencePair
from data.snapshot.parquet import PairsFile
from data.snapshot.terms import SceneTerms, counted_terms
from data.vlm.moment import Lookback
from data.vocabulary import ImageStorage, ReplyForm

Progress = Callable[[int, int], None]
"""Called with (pictures copied, pictures in all)."""

GENERATED = "generated"
"""Why a verified generated frame is left out of a snapshot that takes none."""
NOT_ON_THE_LIST = "not_on_the_list"
"""Why a frame is left out of a snapshot of a named list."""
_BLOCK = 1 << 20
_NAME, _DESCRIPTION = 80, 1000


@dataclass(frozen=True)
class Excluded:
    """A sampled frame that is in no file, and why."""

    frame_id: str
    reason: str


@dataclass(frozen=True)
class SnapshotLabel:
    """What people call a snapshot; no part of its hash. Raises SnapshotError for more than a line and a paragraph."""

    name: str | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        for what, text, most in (("name", self.name, _NAME), ("description", self.description, _DESCRIPTION)):
            if text is not None and len(text) > most:
                raise SnapshotError(
                    f"A snapshot's {what} has at most {most} characters; this has {len(text)}."
                )

    def as_fields(self) -> dict[str, str]:
        given = {"name": self.name, "description": self.description}
        return {key: text for key, text in given.items() if text}


@dataclass(frozen=True)
class SnapshotFacts:
    """What a folder says of itself beside its lines. `frames`: how many pictures are to come; `blind_twice` counts
    held-out frames judged blind by two people, and those on which they agreed; `development`: whether scenes are kept
    out of training; `terms`: what binds the pictures of each scene."""

    policy: dict[str, object]
    reply_form: ReplyForm
    image_width_px: int | None
    lookback: Lookback
    question_hash: str
    guideline_versions: list[str]
    student_run_id: str | None
    blind_twice: tuple[int, int]
    frames: int
    label: SnapshotLabel
    development: bool
    terms: Mapping[str, SceneTerms]


class FolderWriter:
    """Writes an empty folder line by line, so that memory does not grow with the number of pairs; the manifest comes
    last, and files are read-only when `finish` returns.

    Raises SnapshotError for a picture that is gone or has changed since it was ingested.
    """

    def __init__(
        self, folder: Path, facts: SnapshotFacts, images: ImageStorage, progress: Progress | None
    ) -> None:
        self._folder, self._facts, self._images, self._progress = folder, facts, images, progress
        self._open = ExitStack()
        self._pairs = self._text(PAIRS)
        self._evaluation = self._text(EVALUATION)
        self._development = self._text(DEVELOPMENT) if facts.development else None
        self._parquet = self._open.enter_context(PairsFile(folder / PARQUET, folder))
        self._counts = _Counts()
        self._excluded: list[Excluded] = []
        self._hashes: dict[str, str] = {}

    def _text(self, name: str) -> TextIO:
        return self._open.enter_context((self._folder / name).open("w", encoding="utf-8", newline="\n"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, line: Entry, images: Sequence[Path]) -> None:
        """A pair, a development or an evaluation frame, and the files of its pictures."""
        for name, image, expected in zip(line.images, images, image_hashes(line), strict=True):
            if name not in self._hashes:
                self._take_image(name, image, expected)
        if self._progress:
            self._progress(self._counts.lines + 1, self._facts.frames)
        text = canonical_json(line.model_dump(mode="json")) + "\n"
        if isinstance(line, PreferencePair):
            self._pairs.write(text)
            self._parquet.add(line)
        elif isinstance(line, DevelopmentFrame):
            if self._development is None:
                raise ValueError("a snapshot without a development part was given one of its frames")
            self._development.write(text)
        else:
            self._evaluation.write(text)
        self._counts.add(line)

    def exclude(self, one: Excluded) -> None:
        """A frame that is in no file."""
        self._excluded.append(one)

    def finish(self) -> Manifest:
        """Close the files and write what stands over all of them."""
        self._open.close()
        if not self._counts.lines:
            missing = "No frame" if "list" not in self._facts.policy else "No frame on the list"
            raise SnapshotError(f"{missing} is verified yet, so there is nothing to freeze.")
        self._excluded.sort(key=lambda one: one.frame_id)
        rows = ({"frame_id": one.frame_id, "reason": one.reason} for one in self._excluded)
        text = "".join(canonical_json(row) + "\n" for row in rows)
        (self._folder / EXCLUDED).write_text(text, encoding="utf-8")
        fields = self._fields()
        rated, agreed = self._facts.blind_twice
        card = render_card(fields, rated_twice=rated, agreed=agreed)
        (self._folder / CARD).write_text(card, encoding="utf-8")
        for name in (*OWN_FILES, *([DEVELOPMENT] if self._development else [])):
            self._hashes[name] = file_hash(self._folder / name)
        fields["files"] = dict(sorted(self._hashes.items()))
        hashed = {**fields, "snapshot_hash": manifest_hash(fields)}
        manifest = Manifest.model_validate({**hashed, **self._facts.label.as_fields()})
        unsaid = set() if manifest.terms else {"terms"}
        text = manifest.model_dump_json(indent=2, exclude=unsaid)
        (self._folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
        for path in self._folder.rglob("*"):
            if path.is_file():
                path.chmod(0o444)
        return manifest

    def _take_image(self, name: str, source: Path, expected: str) -> None:
        if self._images is ImageStorage.REFERENCED:
            if not source.is_file():
                raise SnapshotError(f"The image {source} is gone; ingest again.")
        else:
            (self._folder / name).parent.mkdir(exist_ok=True)
            if _copied(source, self._folder / name) != expected:
                raise SnapshotError(
                    f"The image {source} has changed since it was ingested; ingest again with --recheck."
                )
            self._hashes[name] = expected

    def _fields(self) -> dict[str, object]:
        """The manifest without its hashes."""
        counts, lookback = self._counts, self._facts.lookback
        left_out = _sorted(Counter(one.reason for one in self._excluded))
        terms = [one.model_dump() for one in counted_terms(counts.by_scene, self._facts.terms)]
        return {
            "schema_version": SCHEMA_VERSION,
            "pairs_by_weight": _sorted(counts.by_weight),
            "pairs_by_levels": _sorted(counts.by_levels),
            "evaluation_by_level": _sorted(counts.by_level),
            "excluded_by_reason": left_out,
            "policy": self._facts.policy,
            "reply_form": self._facts.reply_form.value,
            "image_width_px": self._facts.image_width_px,
            "frames": lookback.frames,
            "spacing_s": lookback.spacing_s if lookback.frames > 1 else None,
            "entries_by_pictures": _sorted(counts.by_pictures),
            "question_hash": self._facts.question_hash,
            "guideline_versions": self._facts.guideline_versions,
            "train_scenes": sorted(counts.train_scenes),
            "held_out_scenes": sorted(counts.held_out_scenes),
            "development_scenes": sorted(counts.development_scenes),
            "development_by_level": _sorted(counts.development),
            "student_run_id": self._facts.student_run_id,
            "judged_in_stacks": counts.in_stacks,
            "contradicted": counts.contradicted,
            "generated": {
                "pairs": counts.generated_pairs,
                "evaluation": counts.generated_evaluation,
                "left_out": left_out.get(GENERATED, 0),
            },
            **({"terms": terms} if terms else {}),
        }


@dataclass
class _Counts:
    """What the manifest counts, as lines pass."""

    lines: int = 0
    by_scene: Counter[str] = field(default_factory=Counter)
    by_weight: Counter[str] = field(default_factory=Counter)
    by_levels: Counter[str] = field(default_factory=Counter)
    by_level: Counter[str] = field(default_factory=Counter)
    train_scenes: set[str] = field(default_factory=set)
    held_out_scenes: set[str] = field(default_factory=set)
    development: Counter[str] = field(default_factory=Counter)
    development_scenes: set[str] = field(default_factory=set)
    by_pictures: Counter[str] = field(default_factory=Counter)
    generated_pairs: int = 0
    in_stacks: int = 0
    contradicted: int = 0
    generated_evaluation: int = 0

    def add(self, line: Entry) -> None:
        self.lines += 1
        self.by_scene[line.scene_id] += 1
        self.by_pictures[str(len(line.images))] += 1
        is_generated = line.source_frame_id is not None
        if isinstance(line, PreferencePair):
            self.by_weight[f"{line.weight:.1f}"] += 1
            self.by_levels[f"{line.chosen_level.value}>{line.rejected_level.value}"] += 1
            self.train_scenes.add(line.scene_id)
            self.generated_pairs += is_generated
            self.in_stacks += line.in_stack
            self.contradicted += line.contradicted
        elif isinstance(line, DevelopmentFrame):
            self.development[line.level.value] += 1
            self.development_scenes.add(line.scene_id)
        else:
            self.by_level[line.level.value] += 1
            self.held_out_scenes.add(line.scene_id)
            self.generated_evaluation += is_generated


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


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
