"""The audit trail's arithmetic (pure): what of a row and of an entry is hashed, and where a chain breaks.

Every entry holds the hash of the one before and, where the act is a row of its own, the hash of that row. What is
hashed must never change: entries are verified for as long as a store lives.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from data.hashing import canonical_json
from data.store.row_products import Seal

SEALED, CLOCK_WENT_BACK = "sealed", "clock_went_back"
FIRST = "0" * 64
"""What the first entry names as the hash before it."""


@dataclass(frozen=True)
class Link:
    """An entry of the trail as it is hashed. `details` is canonical JSON, `row_sha256` the hash of the act's row."""

    id: int
    act: str
    person_id: int | None
    subject: str
    details: str
    row_sha256: str | None
    at_us: int
    previous_sha256: str


@dataclass(frozen=True)
class Break:
    """A place where the trail, or a row that it vouches for, is not what was written."""

    where: str
    what: str


def row_sha256(values: Mapping[str, Any]) -> str:
    """The hash of a row's columns by name. NULLs are left out, so that a column added later changes no hash.

    >>> row_sha256({"id": 1, "reason": None}) == row_sha256({"id": 1})
    True
    """
    return _sha256({name: _plain(value) for name, value in values.items() if value is not None})


def _plain(value: Any) -> Any:
    """The value as every database gives it back: enums by value, truth as 0 or 1, whole numbers without a point."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):  # no column of ours: somebody put it there
        return {"bytes": value.hex()}
    is_whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole else value


def entry_sha256(link: Link) -> str:
    """The hash of an entry, the hash before it included."""
    return _sha256(vars(link))


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def chain_breaks(entries: Iterable[tuple[Link, str]]) -> Iterator[Break]:
    """Every entry, in the order of ids, whose stored hash, place, predecessor or time does not fit.

    entries: each with the hash that stands beside it. From the first seal on, the app writes down that a clock went
    back; entries before it may be of a release that did not.
    """
    before, expected_id, latest_us, is_told = FIRST, 1, 0, False
    for link, stored in entries:
        where = f"entry {link.id}"
        if link.id != expected_id:
            yield Break(where, f"entry {expected_id} is missing before it")
        elif link.previous_sha256 != before:
            yield Break(where, "it does not follow from the entry before it")
        if entry_sha256(link) != stored:
            yield Break(where, "it is not what was written: its hash differs")
        if is_told and _is_before(link.at_us, latest_us) and link.act != CLOCK_WENT_BACK:
            yield Break(where, "it is older than the entry before it, and none says that a clock went back")
        is_told = is_told or link.act == SEALED
        before, expected_id, latest_us = stored, link.id + 1, link.at_us


def _is_before(at_us: Any, latest_us: Any) -> bool:
    """Whatever somebody wrote there in place of a time is told of by its entry's hash."""
    return isinstance(at_us, int) and isinstance(latest_us, int) and at_us < latest_us


def standings(entries: Iterable[Link]) -> dict[str, dict[str, Any]]:
    """What everybody is by what the trail says, role and whether disabled, by subject."""
    known: dict[str, dict[str, Any]] = {}
    for link in entries:
        if not link.subject.startswith("person:"):
            continue
        if link.act in ("added_person", "adopted"):
            known[link.subject] = {"disabled": False, **json.loads(link.details)}
        elif link.subject in known and link.act == "changed_role":
            known[link.subject]["role"] = json.loads(link.details)["after"]
        elif link.subject in known and link.act in ("disabled_person", "enabled_person"):
            known[link.subject]["disabled"] = link.act == "disabled_person"
    return known


def standing_breaks(
    known: Mapping[str, Mapping[str, Any]], people: Mapping[str, tuple[str, bool]]
) -> Iterator[Break]:
    """People whose role, or who are let in or not, without an act that made it so.

    people: role and whether disabled, by subject, as they stand in the store.
    """
    for subject, (role, is_disabled) in sorted(people.items()):
        by_trail = known.get(subject)
        if by_trail is None:
            yield Break(subject, "this person came without an entry in the trail")
        elif (by_trail["role"], by_trail["disabled"]) != (role, is_disabled):
            yield Break(subject, "role or access is not what the trail's acts made it")


def row_breaks(vouched: Mapping[str, str], rows: Mapping[str, str]) -> Iterator[Break]:
    """Rows that changed, vanished or came without an entry.

    vouched: the hash that the trail holds, by subject; rows: the hash that a row has now, by subject.
    """
    for subject in sorted(vouched.keys() | rows.keys()):
        if subject not in rows:
            yield Break(subject, "the row is gone")
        elif subject not in vouched:
            yield Break(subject, "the row was written without an entry in the trail")
        elif rows[subject] != vouched[subject]:
            yield Break(subject, "the row is not what was written: its hash differs")


def seal_breaks(told: Mapping[str, Seal], found: Mapping[str, Seal]) -> Iterator[Break]:
    """Tables whose rows do not multiply to what the trail's seals say, by subject."""
    for subject in sorted(told.keys() | found.keys()):
        by_trail, there = told.get(subject, Seal()), found.get(subject, Seal())
        if there.product == by_trail.product and there.rows == by_trail.rows:
            continue
        missing = by_trail.rows - there.rows
        if missing > 0:
            yield Break(subject, f"rows are gone: {there.rows:,} of {by_trail.rows:,} are left")
        elif missing < 0:
            yield Break(subject, f"rows were put in: {there.rows:,} where {by_trail.rows:,} were written")
        else:
            yield Break(subject, f"some of its rows ({there.rows:,}) are not what was written")
