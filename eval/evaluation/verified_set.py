"""Which verified frames a report is held against: those of the store now, and whether a snapshot's are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from data.errors import EvaluationError
from data.hashing import canonical_json
from data.snapshot.pairs import EvaluationFrame
from data.verification.verified_frames import VerifiedFrame
from data.vocabulary import TriageLevel

VerifiedSet = dict[str, tuple[str, TriageLevel]]
"""Image hash and verified level by frame id."""


def set_of(verified: Sequence[VerifiedFrame]) -> VerifiedSet:
    """The set of the store's frames."""
    return {one.frame.id: (one.picture.sha256 or "", one.level) for one in verified}


def set_in(frames: Sequence[EvaluationFrame]) -> VerifiedSet:
    """The set of a snapshot's frames."""
    return {one.frame_id: (one.image_sha256, one.level) for one in frames}


def set_hash(verified: VerifiedSet) -> str:
    """SHA-256 over every frame's id, image hash and verified level, whatever their order."""
    rows = sorted((frame_id, image, level.value) for frame_id, (image, level) in verified.items())
    return hashlib.sha256(canonical_json(rows).encode()).hexdigest()


def refuse_another_set(now: VerifiedSet, frozen: VerifiedSet, name: str) -> None:
    """Raises EvaluationError, saying what differs, where the store's set is no longer the snapshot's."""
    if set_hash(now) == set_hash(frozen):
        return
    changed = sum(now[frame_id] != frozen[frame_id] for frame_id in now.keys() & frozen.keys())
    raise EvaluationError(
        f"The verified held-out frames have changed since {name} was frozen: "
        f"{len(now.keys() - frozen.keys())} are new, {len(frozen.keys() - now.keys())} are no longer verified, "
        f"{changed} have another level or image. Freeze again, or evaluate as of then with --as-of."
    )
