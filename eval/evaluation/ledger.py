"""Claims registered before the figures, and every look at a held-out set: entries of the audit trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from data.errors import EvaluationError
from data.frames.named_lists import NamedList
from data.hashing import canonical_json
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, TrailEntry
from data.store.trail import note_act
from data.vocabulary import Split, TrailAct
from eval.comparison.claim import UNREGISTERED, Claim


@dataclass(frozen=True)
class Registration:
    """A claim about some runs on one held-out set, written into the trail as entry number `entry`."""

    entry: int
    at_us: int
    claim: Claim
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """An evaluation of some runs on one held-out set."""

    entry: int
    at_us: int
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """Where the trail stands after an act: its number, its time and its hash."""

    entry: int
    at_us: int
    sha256: str


def held_out_hash(session: Session) -> str:
    """SHA-256 over the ids of the held-out scenes that a camera took, reviewed or not; it names the held-out set."""
    query = (
        select(Frame.scene_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(FrameStatus.split == Split.HELD_OUT, col(Frame.generated_clip_id).is_(None))
        .distinct()
    )
    return hashlib.sha256(canonical_json(sorted(session.exec(query))).encode()).hexdigest()


def register_claim(store: Store, claim: Claim, runs: Sequence[str], *, by: str) -> Registration:
    """Write a claim about runs, which may not exist yet, into the audit trail. by: the account at the command line.

    Raises EvaluationError where no run is named, one is compared with itself, or nothing is held out.
    """
    if not runs:
        raise EvaluationError("Name the run that the claim is about with --run.")
    if claim.than in runs:
        raise EvaluationError(f"The claim compares {claim.than} with itself; name another run with --than.")
    with store.write() as session:
        held_out = held_out_hash(session)
        if not session.exec(select(FrameStatus).where(FrameStatus.split == Split.HELD_OUT).limit(1)).first():
            raise EvaluationError("No frame is held out yet, so there is no set to make a claim on.")
        details = {**claim.model_dump(), "runs": sorted(set(runs)), "by": by}
        note_act(session, TrailAct.REGISTERED_CLAIM, by=None, subject=_subject(held_out), details=details)
    with store.read() as session:
        return registrations(session, held_out)[-1]


def note_evaluation(
    store: Store,
    held_out: str,
    runs: Sequence[str],
    verified_set: str | None,
    *,
    by: str,
    chosen: NamedList | None = None,
) -> Entry:
    """Write a look at a held-out set, or at those frames of it that are on a list, into the audit trail; returns where
    the trail stands then."""
    details: dict[str, Any] = {"runs": list(runs), "verified_set": verified_set, "by": by}
    if chosen is not None:
        details["list"] = chosen.as_dict()
    with store.write() as session:
        note_act(session, TrailAct.EVALUATED, by=None, subject=_subject(held_out), details=details)
    with store.read() as session:
        last = session.exec(
            select(TrailEntry)
            .where(TrailEntry.act == TrailAct.EVALUATED)
            .order_by(col(TrailEntry.id).desc())
            .limit(1)
        ).one()
        return Entry(last.id, last.at_us, last.sha256)


def registrations(session: Session, held_out: str) -> list[Registration]:
    """Every claim on this held-out set, oldest first."""
    return [
        Registration(
            entry.id,
            entry.at_us,
            Claim(**{key: told[key] for key in Claim.model_fields}),
            tuple(told["runs"]),
        )
        for entry, told in _entries(session, TrailAct.REGISTERED_CLAIM, held_out)
    ]


def looks(session: Session, held_out: str) -> list[Look]:
    """Every evaluation on this held-out set, oldest first."""
    return [
        Look(entry.id, entry.at_us, tuple(told["runs"]))
        for entry, told in _entries(session, TrailAct.EVALUATED, held_out)
    ]


def _entries(session: Session, act: TrailAct, held_out: str) -> Iterable[tuple[TrailEntry, dict[str, Any]]]:
    query = select(TrailEntry).where(TrailEntry.act == act, TrailEntry.subject == _subject(held_out))
    for entry in session.exec(query.order_by(col(TrailEntry.id))):
        yield entry, json.loads(entry.details)


def _subject(held_out: str) -> str:
    return f"held_out:{held_out}"


def claims_to_hold(
    stated: Claim | None, known: Sequence[Registration], seen: Sequence[Look], runs: Sequence[str]
) -> list[tuple[Claim, Mapping[str, str]]]:
    """Every claim that concerns the runs, the one stated now first, each with what is known of its registration by run.

    A registered claim is held against its runs whether it is asked for or not.
    """
    every = [] if stated is None else [stated]
    every += [one.claim for one in known if one.claim not in every]
    found: list[tuple[Claim, Mapping[str, str]]] = []
    for claim in dict.fromkeys(every):
        entries = [one for one in known if one.claim == claim]
        named = {run for one in entries for run in one.runs} | (set(runs) if claim == stated else set())
        about = [run for run in runs if run in named and run != claim.than]
        if about and (claim.than is None or claim.than in runs or claim == stated):
            found.append((claim, {run: _told(run, entries, seen) for run in about}))
    return found


def _told(run: str, entries: Sequence[Registration], seen: Sequence[Look]) -> str:
    entry = next((one for one in entries if run in one.runs), None)
    if entry is None:
        return UNREGISTERED
    at = f"registered {utc(entry.at_us)} as entry {entry.entry} of the audit trail"
    earlier = next((look for look in seen if run in look.runs and look.entry < entry.entry), None)
    if earlier is None:
        return at
    return f"{UNREGISTERED}: {at}, after {run} was evaluated on this set {utc(earlier.at_us)}"


def utc(time_us: int) -> str:
    """A time of the store for a report.

    >>> utc(1_780_000_000_000_000)
    '2026-05-28 20:26 UTC'
    """
    return datetime.fromtimestamp(time_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
