"""Alerts: when one opens, rises and ends, and in which order they are shown. Pure.

A feed has one open alert at most. It opens when the shown level rises to SUPERVISION or TELEOPERATION. Rising
further ends it and opens another, so that a person is asked again. A fall leaves it open, with the lower level
shown beside it, until the feed is back at AUTONOMY. An operator's answer ends it, but for *watching*; *not needed*
covers one situation only (`situation.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from data.vocabulary import TriageLevel

RECENT_S = 10.0
"""A change is news for so long."""


class Change(Enum):
    """What a new level does to a feed's alerts."""

    NONE = "none"
    OPEN = "open"
    RISE = "rise"
    CALM = "calm"


def change_of(
    before: TriageLevel | None, now: TriageLevel | None, alerted: TriageLevel | None, held: TriageLevel
) -> Change:
    """What follows when a feed's shown level goes from `before` to `now` (None: unknown).

    alerted: the level of its open alert, or of one that was answered and not yet outlived by calm; None without.
    held: the last level before `now` that was known. Unknown neither opens nor ends anything: the alert stays what it
    was, and the feed says manual monitoring. A feed that was calm before it was unknown has not calmed by being known
    again: whoever took it over without an alert still has it.

    >>> change_of(TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, None, TriageLevel.AUTONOMY).value
    'open'
    >>> seen = TriageLevel.SUPERVISION
    >>> change_of(seen, TriageLevel.TELEOPERATION, seen, held=seen).value
    'rise'
    """
    if now is None or now is before:
        return Change.NONE
    if now is TriageLevel.AUTONOMY:
        return Change.CALM if alerted and held is not TriageLevel.AUTONOMY else Change.NONE
    if alerted is None:
        return Change.OPEN
    return Change.RISE if now > alerted else Change.NONE


@dataclass(frozen=True, slots=True)
class Placed:
    """What an open alert's place depends on. `is_watched`: somebody said that they are watching it; `cause`: the same
    for alerts that one look may settle."""

    alert: int
    level: TriageLevel
    raised_s: float
    changed_s: float
    is_watched: bool = False
    cause: str = ""


def in_order(alerts: Iterable[Placed], now_s: float) -> list[int]:
    """Open alerts as an operator should look at them: by level; those nobody watches first; what changed within
    the last ten seconds first; then the oldest, which has waited longest. Alerts of one cause stand together, where
    the first of them belongs."""

    def key(one: Placed) -> tuple[int, bool, bool, float]:
        return -one.level.rank, one.is_watched, now_s - one.changed_s > RECENT_S, one.raised_s

    order: list[int] = []
    groups: dict[tuple[TriageLevel, bool, str], list[int]] = {}
    for one in sorted(alerts, key=key):
        groups.setdefault((one.level, one.is_watched, one.cause), []).append(one.alert)
    for group in groups.values():
        order += group
    return order
