"""Use case: what the whole training side is like, estimated from the random share: class balance and expected pairs.

Verified frames tell neither: the order of review puts likely TELEOPERATION first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data.overview.random_share import DrawnFrame, drawn_from, reviewed_random_share
from data.snapshot.pairs import pair_weight
from data.store.opening import Store
from data.vocabulary import LEVELS, TriageLevel
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import scene_interval


@dataclass(frozen=True)
class Estimated:
    """A share of the training frames with its interval over scenes, or why there is none."""

    rate: Rate
    interval: Interval | Undefined


@dataclass(frozen=True)
class TrainingSide:
    """Estimates from `n` reviewed frames of the random share, `open` of them not settled yet, for `frames` training
    frames. levels: the share of each level. pairs: by weight, the share of frames that give a preference pair of it,
    heaviest first; only frames that the student answered count."""

    n: int
    open: int
    frames: int
    levels: dict[TriageLevel, Estimated]
    pairs: dict[float, Estimated]

    def expected(self, weight: float) -> tuple[int, int, int] | None:
        """(low, middle, high) pairs of this weight once every training frame is verified; None without an interval."""
        one = self.pairs[weight]
        if isinstance(one.interval, Undefined):
            return None
        shares = one.interval.low, one.rate.value, one.interval.high
        low, middle, high = (round(self.frames * share) for share in shares)
        return low, middle, high


def training_side(store: Store) -> TrainingSide:
    """Look at the random share as far as it is reviewed."""
    with store.read() as session:
        drawn, frames = reviewed_random_share(session), drawn_from(session)
    answered = [one for one in drawn if one.student is not None]
    weights = sorted({weight for one in answered if (weight := _weight(one)) is not None}, reverse=True)
    return TrainingSide(
        n=len(drawn),
        open=sum(not one.is_settled for one in drawn),
        frames=frames,
        levels={level: _share(drawn, lambda one, level=level: one.level is level) for level in LEVELS}  # type: ignore[misc]
        if drawn
        else {},
        pairs={
            weight: _share(answered, lambda one, weight=weight: _weight(one) == weight)  # type: ignore[misc]
            for weight in weights
        },
    )


def _weight(one: DrawnFrame) -> float | None:
    if one.student is None:
        return None
    return pair_weight(one.level, one.student)


def _share(drawn: Sequence[DrawnFrame], wanted: Callable[[DrawnFrame], bool]) -> Estimated:
    hits: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for one in drawn:
        hits[one.scene_id] += wanted(one)
        total[one.scene_id] += 1
    interval = scene_interval([hits[scene] for scene in total], list(total.values()))
    return Estimated(Rate(hits.total(), total.total()), interval)
