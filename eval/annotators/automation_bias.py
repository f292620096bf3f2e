"""Did the machine's answer bend the humans'? Follow rates with and without the proposal, and switches. Pure.

All rates are over reviews of frames whose level does not depend on the review that is counted, and on which the
proposal was wrong (for helpful switches: the first answer). Assisted against blind is a comparison between frames that
a hash put into either mode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot

from data.vocabulary import Mode, TriageLevel
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import scene_interval

NEEDED = 30
"""From so many reviews on a share is shown; its interval over scenes says what it is worth."""


@dataclass(frozen=True)
class Observation:
    """One review of a frame whose true level is known. `first`: the own level before the proposal was shown; `is_gold`:
    the frame was gold by then, else it is of the random share."""

    person_id: int
    scene_id: str
    mode: Mode
    proposed: TriageLevel
    true: TriageLevel
    final: TriageLevel
    first: TriageLevel | None = None
    is_gold: bool = False


@dataclass(frozen=True)
class Share:
    """A rate with its interval over scenes; `needed` more observations where there are too few to show one."""

    name: str
    rate: Rate | None
    interval: Interval | Undefined | None
    needed: int

    @property
    def is_shown(self) -> bool:
        return self.rate is not None and not self.needed


@dataclass(frozen=True)
class Bias:
    """What the proposal does to people. `effect` is assisted minus blind, with its interval, None if not shown."""

    shares: list[Share]
    effect: float | None
    effect_interval: Interval | Undefined | None

    @property
    def needed(self) -> int:
        """How many more reviews, assisted and blind together, the effect needs before it is shown."""
        return sum(share.needed for share in self.shares[:2])


Wanted = Callable[[Observation], bool]


def bias(observations: Sequence[Observation], *, teleoperation_only: bool = False) -> Bias:
    """All rates over the observations, or over those whose true level is TELEOPERATION alone."""
    chosen = [one for one in observations if not teleoperation_only or one.true is TriageLevel.TELEOPERATION]
    wrong = [one for one in chosen if one.proposed is not one.true]
    arms = {mode: [one for one in wrong if one.mode is mode] for mode in Mode}
    follows: Wanted = lambda one: one.final is one.proposed  # noqa: E731
    assisted = _share("follows a wrong proposal, shown at once", arms[Mode.ASSISTED], follows, NEEDED)
    blind = _share("says the same without seeing it", arms[Mode.BLIND], follows, NEEDED)
    first = [one for one in chosen if one.mode is Mode.DECIDE_FIRST and one.first is not None]
    harmful = [one for one in first if one.first is one.true and one.proposed is not one.true]
    helpful = [one for one in first if one.first is not one.true and one.proposed is one.true]
    shares = [
        assisted,
        blind,
        _share("right at first, then gives way to a wrong proposal", harmful, follows, NEEDED),
        _share("wrong at first, then set right by the proposal", helpful, follows, NEEDED),
    ]
    if not (assisted.is_shown and blind.is_shown and assisted.rate and blind.rate):
        return Bias(shares, None, None)
    interval = _difference(arms[Mode.ASSISTED], arms[Mode.BLIND], follows)
    return Bias(shares, assisted.rate.value - blind.rate.value, interval)


def _share(name: str, among: Sequence[Observation], wanted: Wanted, needed: int) -> Share:
    if not among:
        return Share(name, None, None, needed)
    rate = Rate(sum(wanted(one) for one in among), len(among))
    return Share(name, rate, scene_interval(*_by_scene(among, wanted)), max(0, needed - len(among)))


def _by_scene(among: Sequence[Observation], wanted: Wanted) -> tuple[list[int], list[int]]:
    """Per scene, how many reviews are wanted ones and how many there are."""
    hits: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for one in among:
        hits[one.scene_id] += wanted(one)
        total[one.scene_id] += 1
    return [hits[scene] for scene in total], list(total.values())


def _difference(
    first: Sequence[Observation], second: Sequence[Observation], wanted: Wanted
) -> Interval | Undefined:
    """The interval of a difference of two shares from their own intervals (Zou & Donner 2008): their upper and lower
    margins add in squares."""
    counts = _by_scene(first, wanted), _by_scene(second, wanted)
    one, other = (scene_interval(*pair) for pair in counts)
    for interval in (one, other):
        if isinstance(interval, Undefined):
            return interval
    p, q = (sum(hits) / sum(total) for hits, total in counts)
    low = hypot(p - one.low, other.high - q)  # type: ignore[union-attr]
    high = hypot(one.high - p, q - other.low)  # type: ignore[union-attr]
    return Interval(max(-1.0, p - q - low), min(1.0, p - q + high))
