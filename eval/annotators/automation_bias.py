"""Did the machine's answer bend the humans'? Follow rates with and without the proposal, and switches. Pure.

All rates are over frames whose level is known from an adjudication, and on which the proposal was wrong (for helpful
switches: the first answer). Assisted against blind is a comparison between frames that a hash put into either mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data.vocabulary import Mode, TriageLevel
from eval.agreement.tables import sums_by_scene
from eval.statistics.intervals import scene_bootstrap
from eval.statistics.rate import Interval, Rate, Undefined

NEEDED = 195
"""Reviews per arm that tell 20 % from 10 % (two-sided 5 %, power 80 %), before scenes are taken into account."""
SWITCHES_NEEDED = 30


@dataclass(frozen=True)
class Observation:
    """One review of a frame whose true level is known. `first`: the own level before the proposal was shown."""

    person_id: int
    scene_id: str
    mode: Mode
    proposed: TriageLevel
    true: TriageLevel
    final: TriageLevel
    first: TriageLevel | None = None


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
        _share("right at first, then gives way to a wrong proposal", harmful, follows, SWITCHES_NEEDED),
        _share("wrong at first, then set right by the proposal", helpful, follows, SWITCHES_NEEDED),
    ]
    if not (assisted.is_shown and blind.is_shown and assisted.rate and blind.rate):
        return Bias(shares, None, None)
    interval = _difference(arms[Mode.ASSISTED], arms[Mode.BLIND], follows)
    return Bias(shares, assisted.rate.value - blind.rate.value, interval)


def _share(name: str, among: Sequence[Observation], wanted: Wanted, needed: int) -> Share:
    if not among:
        return Share(name, None, None, needed)
    rate = Rate(sum(wanted(one) for one in among), len(among))
    hits = np.array([[wanted(one), 1] for one in among], dtype=np.float64)
    sums = sums_by_scene(hits, np.array([one.scene_id for one in among]))
    interval = scene_bootstrap(
        sums, lambda total: total[:, 0] / np.where(total[:, 1] > 0, total[:, 1], np.nan)
    )
    return Share(name, rate, interval, max(0, needed - len(among)))


def _difference(
    first: Sequence[Observation], second: Sequence[Observation], wanted: Wanted
) -> Interval | Undefined:
    rows = [[wanted(one), 1, 0, 0] for one in first] + [[0, 0, wanted(one), 1] for one in second]
    scenes = [one.scene_id for one in (*first, *second)]
    sums = sums_by_scene(np.array(rows, dtype=np.float64), np.array(scenes))

    def difference(total: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return np.asarray(
            total[:, 0] / np.where(total[:, 1] > 0, total[:, 1], np.nan)
            - total[:, 2] / np.where(total[:, 3] > 0, total[:, 3], np.nan)
        )

    return scene_bootstrap(sums, difference)
