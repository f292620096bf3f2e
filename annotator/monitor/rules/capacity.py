"""How many feeds this machine and endpoint can hold, and which of them are held when there are more. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from annotator.monitor.rules.limits import Limits
from data.vocabulary import TriageLevel

ROOM_FOR_S, GROW_EVERY_S = 30.0, 10.0
MOST_DROPPED = 0.2
USABLE_CORE = 0.85
"""The share of one core that watching may use; the rest is for alerts, storage and the console."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one frame costs, as measured: seconds from sending to answer, processor seconds of this process."""

    service_s: float
    cpu_s: float


def answers_per_s(cost: Cost, at_once: int) -> float:
    """The most answers per second: requests under way over their time (Little's law), or what one core can do.

    >>> answers_per_s(Cost(service_s=0.5, cpu_s=0.002), at_once=50)
    100.0
    """
    by_endpoint = at_once / cost.service_s if cost.service_s > 0 else math.inf
    by_core = USABLE_CORE / cost.cpu_s if cost.cpu_s > 0 else math.inf
    return min(by_endpoint, by_core)


def feeds_held(cost: Cost, limits: Limits) -> int:
    """How many feeds can each be asked about again within `renew_s`; one at least."""
    return max(1, int(answers_per_s(cost, limits.at_once) * limits.renew_s + 1e-9))


def is_saturated(busy: float, dropped: float) -> bool:
    """Whether more is wanted than can be done: of one core so much is used, or so many frames give way to newer."""
    return busy > USABLE_CORE or dropped > MOST_DROPPED


def next_held(held: int, total: int, possible: int, room_for_s: float) -> int:
    """How many feeds to hold from now on: what is possible, as soon as it is too much; a tenth more, once there has
    been room for half a minute. So the number comes down at once and does not waver.

    >>> next_held(500, 500, 50, 0.0), next_held(50, 500, 52, 10.0), next_held(50, 500, 52, 31.0)
    (50, 50, 55)
    """
    if room_for_s == 0.0:
        return min(held, possible, total)
    return min(total, held + max(1, held // 10)) if held < total and room_for_s >= ROOM_FOR_S else held


def carried(feeds: Sequence[tuple[str, TriageLevel | None]], held: int) -> set[str]:
    """The feeds that are held: those with a raised level first, then in the order in which they are listed.

    >>> raised = [("a", None), ("b", TriageLevel.AUTONOMY), ("c", TriageLevel.TELEOPERATION)]
    >>> sorted(carried(raised, 2))
    ['a', 'c']
    """
    places = {name: (-level.rank if level else 0, place) for place, (name, level) in enumerate(feeds)}
    return set(sorted(places, key=lambda name: places[name])[:held])
