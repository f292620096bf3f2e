"""How well the reviewed frames cover each scenario, and where one more hundred of them would help most. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.statistics.intervals import clopper_pearson, wilson
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import clustering, scene_interval

MORE = 100
NOTHING_DRAWN = Undefined("no reviewed frame of the random share")
NOT_EVALUATED = Undefined("no verified TELEOPERATION frame of it was asked about in an evaluated run")


@dataclass(frozen=True)
class ScenarioCount:
    """What was counted for one scenario, over real frames but for `generated…`.

    `frames` show it and are usable; `sampled` of those are worked on. `verified` of them stand in `scenes` scenes,
    `teleoperation` of those are TELEOPERATION. `drawn`: (scenes, 2), TELEOPERATION frames and all frames of each scene
    among those of the random share that somebody has reviewed. `asked`: verified held-out TELEOPERATION frames that the
    last evaluated run was asked about, `missed` those it did not call so. `generated`, `generated_verified` and
    `generated_teleoperation`: generated frames that were made for it, in `clips` clips of which `rejected` are out.
    """

    key: str
    title: str
    frames: int
    sampled: int
    verified: int
    teleoperation: int
    scenes: int
    drawn: NDArray[np.int64]
    asked: int = 0
    missed: int = 0
    clips: int = 0
    rejected: int = 0
    generated: int = 0
    generated_verified: int = 0
    generated_teleoperation: int = 0


@dataclass(frozen=True)
class ScenarioCoverage:
    """One scenario with its figures. `need`: its place, from 1, among those that more verified frames help most.

    `share`: TELEOPERATION among its training frames, from the random share alone, since the order of review puts likely
    TELEOPERATION first; `interval` is over scenes, `wilson` takes frames as independent. `width_after`: how wide the
    interval would be with MORE such frames of the same share and design effect; where there is none yet, Wilson's.
    """

    count: ScenarioCount
    share: Rate | Undefined
    interval: Interval | Undefined
    wilson: Interval | Undefined
    width: float
    width_after: float
    missed: Rate | Undefined
    need: int = 0


def covered(count: ScenarioCount) -> ScenarioCoverage:
    """The figures of one scenario."""
    teleoperation, n = (int(one) for one in count.drawn.sum(axis=0))
    share = Rate(teleoperation, n) if n else NOTHING_DRAWN
    interval = scene_interval(count.drawn[:, 0], count.drawn[:, 1]) if n else NOTHING_DRAWN
    return ScenarioCoverage(
        count=count,
        share=share,
        interval=interval,
        wilson=wilson(share) if isinstance(share, Rate) else NOTHING_DRAWN,
        width=_width(interval),
        width_after=_width_after(count.drawn, share),
        missed=Rate(count.missed, count.asked) if count.asked else NOT_EVALUATED,
    )


def with_more(share: Rate | Undefined) -> Rate:
    """The share with MORE drawn frames like those there are; half and half where there are none.

    >>> with_more(Rate(3, 20))
    Rate(count=18, n=120)
    """
    if isinstance(share, Undefined):
        return Rate(MORE // 2, MORE)
    return Rate(share.count + round(MORE * share.value), share.n + MORE)


def _width(interval: Interval | Undefined) -> float:
    """1 where nothing is known."""
    return 1.0 if isinstance(interval, Undefined) else interval.high - interval.low


def _width_after(drawn: NDArray[np.int64], share: Rate | Undefined) -> float:
    more = with_more(share)
    known = clustering(drawn[:, 0], drawn[:, 1])
    if isinstance(known, Undefined):
        return _width(wilson(more))
    worth = max(1, round(more.n / known.design_effect))
    return _width(clopper_pearson(Rate(round(more.value * worth), worth)))


Order = Callable[[ScenarioCoverage], float]
ORDERS: tuple[tuple[str, Order], ...] = (
    ("fewest verified TELEOPERATION frames", lambda one: one.count.teleoperation),
    ("widest interval", lambda one: -one.width),
    (
        "most missed by the last evaluated run",
        lambda one: 0.0 if isinstance(one.missed, Undefined) else -one.missed.value,
    ),
)
"""By what scenarios are put in order, the neediest first: each gives a place, and the sum of places decides."""


def by_need(counts: Sequence[ScenarioCount]) -> list[ScenarioCoverage]:
    """Every scenario with its figures, the one that more verified frames help most first. Equal ones keep their
    order."""
    every = [covered(count) for count in counts]
    sums = [sum(_place(one, every, order) for _, order in ORDERS) for one in every]
    in_order = [
        one for _, _, one in sorted(zip(sums, range(len(every)), every, strict=True), key=lambda row: row[:2])
    ]
    return [_placed(one, place) for place, one in enumerate(in_order, start=1)]


def _place(one: ScenarioCoverage, every: Sequence[ScenarioCoverage], order: Order) -> int:
    """How many scenarios come before it; equal ones share a place."""
    return sum(order(other) < order(one) for other in every)


def _placed(one: ScenarioCoverage, need: int) -> ScenarioCoverage:
    return ScenarioCoverage(**{**vars(one), "need": need})
