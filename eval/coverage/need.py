"""How well the verified frames cover each scenario, and where one more hundred of them would help most. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.statistics.intervals import clopper_pearson, wilson
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import clustering, scene_interval

MORE = 100
NOTHING_VERIFIED = Undefined("nothing verified")
NOT_EVALUATED = Undefined("no verified TELEOPERATION frame of it was asked about in an evaluated run")


@dataclass(frozen=True)
class ScenarioCount:
    """What was counted for one scenario, over real frames but for `generated…`.

    `frames` show it and are usable; `sampled` of those are worked on. `per_scene`: (scenes, 2), verified
    TELEOPERATION frames and verified frames of each scene. `asked`: verified held-out TELEOPERATION frames that the
    last evaluated run was asked about, `missed` those it did not call so. `generated`, `generated_verified` and
    `generated_teleoperation`: generated frames that were made for it, in `clips` clips of which `rejected` are out.
    """

    key: str
    title: str
    frames: int
    sampled: int
    per_scene: NDArray[np.int64]
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

    `share`: TELEOPERATION among its verified real frames; `interval` is over scenes, `wilson` takes frames as
    independent. `width_after`: how wide the interval would be with MORE frames of the same share and design effect;
    where there is none yet, Wilson's.
    """

    count: ScenarioCount
    verified: int
    teleoperation: int
    scenes: int
    share: Rate | Undefined
    interval: Interval | Undefined
    wilson: Interval | Undefined
    width: float
    width_after: float
    missed: Rate | Undefined
    need: int = 0


def covered(count: ScenarioCount) -> ScenarioCoverage:
    """The figures of one scenario."""
    teleoperation, verified = (int(n) for n in count.per_scene.sum(axis=0))
    share = Rate(teleoperation, verified) if verified else NOTHING_VERIFIED
    held = count.per_scene[count.per_scene[:, 1] > 0]
    interval = scene_interval(held[:, 0], held[:, 1]) if verified else NOTHING_VERIFIED
    return ScenarioCoverage(
        count=count,
        verified=verified,
        teleoperation=teleoperation,
        scenes=int((count.per_scene[:, 1] > 0).sum()),
        share=share,
        interval=interval,
        wilson=wilson(share) if isinstance(share, Rate) else NOTHING_VERIFIED,
        width=_width(interval),
        width_after=_width_after(held, share),
        missed=Rate(count.missed, count.asked) if count.asked else NOT_EVALUATED,
    )


def with_more(share: Rate | Undefined) -> Rate:
    """The share with MORE verified frames like those there are; half and half where there are none.

    >>> with_more(Rate(3, 20))
    Rate(count=18, n=120)
    """
    if isinstance(share, Undefined):
        return Rate(MORE // 2, MORE)
    return Rate(share.count + round(MORE * share.value), share.n + MORE)


def _width(interval: Interval | Undefined) -> float:
    """1 where nothing is known."""
    return 1.0 if isinstance(interval, Undefined) else interval.high - interval.low


def _width_after(held: NDArray[np.int64], share: Rate | Undefined) -> float:
    more = with_more(share)
    known = clustering(held[:, 0], held[:, 1])
    if isinstance(known, Undefined):
        return _width(wilson(more))
    worth = max(1, round(more.n / known.design_effect))
    return _width(clopper_pearson(Rate(round(more.value * worth), worth)))


Order = Callable[[ScenarioCoverage], float]
ORDERS: tuple[tuple[str, Order], ...] = (
    ("fewest verified TELEOPERATION frames", lambda one: one.teleoperation),
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
