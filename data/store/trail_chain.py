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
    is_whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole else value


def entry_sha256(link: Link) -> str:
    """The hash of an entry, the hash before it included."""
    return _sha256(vars(link))


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def chain_breaks(entries: Iterable[tuple[Link, str]]) -> Iterator[Break]:
    """Every entry, in the order of ids, whose stored hash, place or predecessor does not fit.

    entries: each with the hash that stands beside it.
    """
    before, expected_id = FIRST, 1
    for link, stored in entries:
        where = f"entry {link.id}"
        if link.id != expected_id:
            yield Break(where, f"entry {expected_id} is missing before it")
        elif link.previous_sha256 != before:
            yield Break(where, "it does not follow from the entry before it")
        if entry_sha256(link) != stored:
            yield Break(where, "it is not what was written: its hash differs")
        before, expected_id = stored, link.id + 1


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
