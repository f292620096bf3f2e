"""Use case: what a snapshot taken now would hold, without writing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from data.errors import LeakError, SnapshotError
from data.proposals.runs import latest_run
from data.snapshot.expected_pairs import RepeatedSentence, repeated_sentences, tally
from data.snapshot.freeze import FreezeOptions, each_entry, snapshot_form, snapshot_lookback
from data.snapshot.leak_guard import (
    GuardedFrame,
    guarded_frames,
    refuse_leaks,
    refuse_one_drive,
    with_earlier,
)
from data.snapshot.pairs import DevelopmentFrame, Message, PreferencePair
from data.snapshot.writer import Excluded
from data.store.opening import Store
from data.vlm.reply import parse_reply
from data.vocabulary import Assessment, ModelRole, Split, TriageLevel

EXAMPLES = 5


@dataclass(frozen=True)
class ExamplePair:
    """A pair as people read it: what is preferred for the frame, and what the student wrote."""

    frame_id: str
    weight: float
    chosen: Assessment
    rejected: Assessment


@dataclass
class SnapshotPreview:
    """What a snapshot taken now would hold, in counts, with its first pairs. `equal_levels`: pairs whose sides differ
    in words only; `same_picture`, `same_texts`: pairs that share their picture, or both texts, with another pair;
    `contradicted`: pairs whose chosen words what is there denies; `repeated`: human sentences that many pairs share;
    `leak`: why it would be refused."""

    pairs: int = 0
    development: int = 0
    evaluation: int = 0
    pairs_by_weight: dict[str, int] = field(default_factory=dict)
    equal_levels: int = 0
    pairs_by_levels: dict[str, int] = field(default_factory=dict)
    repeated: list[RepeatedSentence] = field(default_factory=list)
    excluded_by_reason: dict[str, int] = field(default_factory=dict)
    examples: list[ExamplePair] = field(default_factory=list)
    same_picture: int = 0
    same_texts: int = 0
    contradicted: int = 0
    leak: str | None = None


def preview(store: Store, options: FreezeOptions) -> SnapshotPreview:
    """Count what `freeze` would write now; nothing is written. Pictures are not looked at, but for their
    fingerprints as far as they are known."""
    seen = SnapshotPreview()
    levels, reasons = Counter[tuple[TriageLevel, TriageLevel]](), Counter[str]()
    pictures, texts = Counter[str](), Counter[tuple[str, str]]()
    with store.read() as session:
        try:
            snapshot_form(session, latest_run(session, ModelRole.STUDENT), options)
        except SnapshotError as error:
            return SnapshotPreview(leak=str(error))
        for entry in each_entry(session, options):
            if isinstance(entry, Excluded):
                reasons[entry.reason] += 1
            elif isinstance(line := entry[0], PreferencePair):
                levels[line.chosen_level, line.rejected_level] += 1
                seen.contradicted += line.contradicted
                pictures[line.image_sha256] += 1
                texts[line.chosen[0].content, line.rejected[0].content] += 1
                if len(seen.examples) < EXAMPLES:
                    seen.examples.append(_example(line))
            elif isinstance(line, DevelopmentFrame):
                seen.development += 1
            else:
                seen.evaluation += 1
        try:
            refuse_one_drive(session)
            refuse_leaks(*(_guarded(session, split) for split in (Split.TRAIN, Split.HELD_OUT)))
        except LeakError as error:
            seen.leak = str(error)
        seen.repeated = repeated_sentences(session)
    seen.same_picture, seen.same_texts = (_in_several(counts) for counts in (pictures, texts))
    pairs = tally((*sides, n) for sides, n in levels.items())
    seen.pairs, seen.equal_levels = pairs.total, pairs.equal_levels
    seen.pairs_by_weight = {f"{weight:.1f}": n for weight, n in sorted(pairs.by_weight.items())}
    by_levels = {f"{chosen.value}>{rejected.value}": n for (chosen, rejected), n in levels.items()}
    seen.pairs_by_levels, seen.excluded_by_reason = (
        dict(sorted(by_levels.items())),
        dict(sorted(reasons.items())),
    )
    return seen


def _guarded(session: Session, split: Split) -> list[GuardedFrame]:
    lookback = snapshot_lookback(latest_run(session, ModelRole.STUDENT))
    return with_earlier(session, split, guarded_frames(session, split), lookback)


def _in_several(counts: Counter[Any]) -> int:
    """How many pairs share with another one what is counted."""
    return sum(n for n in counts.values() if n > 1)


def _example(pair: PreferencePair) -> ExamplePair:
    return ExamplePair(pair.frame_id, pair.weight, _read(pair.chosen), _read(pair.rejected))


def _read(side: list[Message]) -> Assessment:
    said = parse_reply(side[0].content).assessment
    if said is None:
        raise SnapshotError(f"A side of a pair holds no assessment: {side[0].content[:80]!r}.")
    return said
