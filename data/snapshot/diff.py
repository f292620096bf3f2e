"""What changed between two snapshots, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from data.snapshot.folder import Entry, Snapshot, excluded_reasons, load_snapshot
from data.snapshot.pairs import DevelopmentFrame, EvaluationFrame, PreferencePair

_PART: dict[type, str] = {
    PreferencePair: "training",
    DevelopmentFrame: "the development part",
    EvaluationFrame: "evaluation",
}


@dataclass(frozen=True)
class Change:
    """One frame that differs. `kind` is added, removed or changed; `why` is one sentence."""

    frame_id: str
    kind: str
    why: str


@dataclass(frozen=True)
class SnapshotDiff:
    """All differences, by frame id."""

    first: str
    second: str
    changes: list[Change]

    @property
    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(change.kind for change in self.changes).items()))

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "counts": self.counts}


def diff_snapshots(first: Path, second: Path) -> SnapshotDiff:
    """Compare two snapshot folders frame by frame. Raises SnapshotError as `load_snapshot` does."""
    old, new = (load_snapshot(folder, check_images=False) for folder in (first, second))
    before, after = _entries(old), _entries(new)
    left_out_before, left_out_after = excluded_reasons(first), excluded_reasons(second)
    changes = []
    for frame_id in sorted({*before, *after}):
        if frame_id not in after:
            changes.append(Change(frame_id, "removed", _why_out(left_out_after.get(frame_id))))
        elif frame_id not in before:
            changes.append(Change(frame_id, "added", _why_in(left_out_before.get(frame_id))))
        elif why := _difference(before[frame_id], after[frame_id]):
            changes.append(Change(frame_id, "changed", why))
    return SnapshotDiff(old.manifest.snapshot_hash, new.manifest.snapshot_hash, changes)


def _entries(snapshot: Snapshot) -> dict[str, Entry]:
    entries: list[Entry] = [*snapshot.pairs, *snapshot.development, *snapshot.evaluation]
    return {entry.frame_id: entry for entry in entries}


def _why_out(reason: str | None) -> str:
    return (
        f"It is left out now: {reason.replace('_', ' ')}."
        if reason
        else "It is no longer among the sampled frames."
    )


def _why_in(reason: str | None) -> str:
    return (
        f"It was left out before: {reason.replace('_', ' ')}."
        if reason
        else "It was not among the sampled frames."
    )


def _difference(old: Entry, new: Entry) -> str:
    """Why two entries of one frame differ in what training or evaluation sees; empty where they do not."""
    if not (isinstance(old, PreferencePair) and isinstance(new, PreferencePair)):
        return _whole_frame_difference(old, new)
    reasons = []
    if old.chosen_level is not new.chosen_level:
        acts = _acts(old, new)
        reasons.append(f"verified {new.chosen_level.value} instead of {old.chosen_level.value}{acts}")
    elif old.chosen != new.chosen:
        reasons.append(f"the chosen text is another{_acts(old, new)}")
    if old.rejected != new.rejected:
        reasons.append("the student's reply is another")
    if old.weight != new.weight:
        reasons.append(f"the weight is {new.weight} instead of {old.weight}")
    if old.image_sha256 != new.image_sha256:
        reasons.append("the picture is another")
    if old.earlier != new.earlier:
        reasons.append("it is shown with other earlier pictures")
    return _sentence(reasons)


def _whole_frame_difference(old: Entry, new: Entry) -> str:
    if isinstance(old, PreferencePair) or isinstance(new, PreferencePair) or type(old) is not type(new):
        return f"It moved from {_PART[type(old)]} to {_PART[type(new)]}."
    if old.level is not new.level:
        return _sentence([f"verified {new.level.value} instead of {old.level.value}{_acts(old, new)}"])
    if old.earlier != new.earlier:
        return _sentence(["it is shown with other earlier pictures"])
    return _sentence(["the verified text is another"]) if old.reasoning != new.reasoning else ""


def _acts(old: Entry, new: Entry) -> str:
    if new.adjudication_id != old.adjudication_id:
        return f" by adjudication {new.adjudication_id}"
    added = sorted(set(new.review_ids) - set(old.review_ids))
    return f" by review {', '.join(map(str, added))}" if added else ""


def _sentence(reasons: list[str]) -> str:
    text = "; ".join(reasons)
    return f"{text[0].upper()}{text[1:]}." if text else ""
