"""How well a level is told from one trait alone, and whether that is more than chance (pure).

A trait's groups are given the level shares of other scenes' frames in them (five folds by scene). What that gains over
the level shares of all other frames, in bits a frame, is the figure: 0 where the trait tells nothing, and below it
where following it would mislead. Scenes differ in levels and in traits anyway, so that with few of them any trait seems
to tell something. The figure is therefore held against the same figure after scenes have exchanged their traits: frames
of a scene keep their order, so that what lasts within scenes lasts after the exchange too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.suspicion.cross_fit import FOLDS, folds_of
from data.suspicion.traits import Trait
from data.vocabulary import LEVELS
from eval.statistics.holm import holm
from eval.statistics.intervals import FEWEST_SCENES, SEED, scene_bootstrap, too_few_scenes
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Part

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EXCHANGES = 499
SIGNIFICANT = 0.05
_SMOOTHING = 1.0


class Shortcut(Part):
    """How well one trait alone tells the level.

    `bits`: gained a frame, with the interval over scenes; `share`: of the `entropy` of levels, in bits; `chance_bits`:
    the highest of nineteen in twenty exchanges; `p_value` after Holm's correction over the traits; `is_finding`: it is
    below 0.05. `n` frames with a known group, of `scenes` scenes and in `groups` groups.
    """

    trait: str
    n: int
    scenes: int
    groups: int
    bits: float | Undefined
    interval: Interval | Undefined
    share: float | Undefined
    chance_bits: float | Undefined
    p_value: float | Undefined
    is_finding: bool


@dataclass(frozen=True)
class _Measured:
    trait: Trait
    kept: npt.NDArray[np.bool_]
    scenes: int
    bits: float
    per_scene: Floats
    exchanged: Floats

    @property
    def p_value(self) -> float:
        """The share of exchanges that tell as much, the true assignment counted among them."""
        return float(1 + (self.exchanged >= self.bits - 1e-12).sum()) / (1 + len(self.exchanged))


def shortcut_figures(
    traits: Sequence[Trait], level: Ints, scene: Ints, *, exchanges: int = EXCHANGES, seed: int = SEED
) -> list[Shortcut]:
    """Each trait on the frames whose group is known. Reasons in place of figures below ten scenes or two groups."""
    measured = {one.name: _measured(one, level, scene, exchanges, seed) for one in traits}
    usable = [one for one in measured.values() if one is not None]
    adjusted = dict(
        zip([one.trait.name for one in usable], holm([one.p_value for one in usable]), strict=True)
    )
    return [
        _absent(one, scene)
        if (found := measured[one.name]) is None
        else _figure(found, level, adjusted[one.name], seed)
        for one in traits
    ]


def _measured(trait: Trait, level: Ints, scene: Ints, exchanges: int, seed: int) -> _Measured | None:
    kept = trait.group >= 0
    group, ranks = trait.group[kept], level[kept]
    number = np.unique(scene[kept], return_inverse=True)[1].astype(np.int64)
    scenes = int(number.max(initial=-1)) + 1
    if scenes < FEWEST_SCENES or len(np.unique(group)) < 2:  # noqa: PLR2004 - one group tells nothing apart
        return None
    fold = folds_of(number, seed)
    gained = _gained(group, ranks, fold, len(trait.groups))
    per_scene = np.column_stack([np.bincount(number, gained), np.bincount(number)]).astype(np.float64)
    rng = np.random.default_rng(seed)
    order = np.argsort(number, kind="stable")
    others = [
        float(_gained(_exchanged(group, number, order, rng), ranks, fold, len(trait.groups)).mean())
        for _ in range(exchanges)
    ]
    return _Measured(trait, kept, scenes, float(gained.mean()), per_scene, np.array(others))


def _gained(group: Ints, level: Ints, fold: Ints, groups: int) -> Floats:
    """(n,) bits gained at each frame by shares of the other folds' frames of its group over those of all of them. A
    group with few of them is drawn towards all: their shares count as one more frame."""
    height = len(LEVELS)
    counts = np.bincount((fold * groups + group) * height + level, minlength=FOLDS * groups * height)
    table = counts.reshape(FOLDS, groups, height).astype(np.float64)
    others = table.sum(axis=0) - table
    every = others.sum(axis=1, keepdims=True) + _SMOOTHING
    base = every / every.sum(axis=2, keepdims=True)
    pulled = others + _SMOOTHING * base
    told = pulled / pulled.sum(axis=2, keepdims=True)
    return np.asarray(np.log2(told / base)[fold, group, level])


def _exchanged(group: Ints, number: Ints, order: Ints, rng: np.random.Generator) -> Ints:
    """(n,) groups after scenes have exchanged them; a longer sequence is thinned, a shorter one stretched evenly."""
    sizes = np.bincount(number)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    given = rng.permutation(len(sizes))
    within = np.arange(len(order)) - np.repeat(starts, sizes)
    source = given[number[order]]
    at = starts[source] + within * sizes[source] // sizes[number[order]]
    taken = np.empty_like(group)
    taken[order] = group[order][at]
    return taken


def _figure(found: _Measured, level: Ints, p_value: float, seed: int) -> Shortcut:
    shares = np.bincount(level[found.kept], minlength=len(LEVELS)) / found.kept.sum()
    entropy = float(-(shares[shares > 0] * np.log2(shares[shares > 0])).sum())
    interval = scene_bootstrap(found.per_scene, lambda sums: sums[:, 0] / sums[:, 1], seed=seed)
    return Shortcut(
        trait=found.trait.name,
        n=int(found.kept.sum()),
        scenes=found.scenes,
        groups=len(np.unique(found.trait.group[found.kept])),
        bits=found.bits,
        interval=interval,
        share=found.bits / entropy if entropy > 0 else Undefined("all frames have one level"),
        chance_bits=float(np.quantile(found.exchanged, 1 - SIGNIFICANT)),
        p_value=p_value,
        is_finding=p_value < SIGNIFICANT and found.bits > 0,
    )


def _absent(trait: Trait, scene: Ints) -> Shortcut:
    kept = trait.group >= 0
    scenes, groups = len(np.unique(scene[kept])), len(np.unique(trait.group[kept]))
    reason = too_few_scenes(scenes) if scenes < FEWEST_SCENES else Undefined("all frames are in one group")
    return Shortcut(
        trait=trait.name,
        n=int(kept.sum()),
        scenes=scenes,
        groups=groups,
        bits=reason,
        interval=reason,
        share=reason,
        chance_bits=reason,
        p_value=reason,
        is_finding=False,
    )
