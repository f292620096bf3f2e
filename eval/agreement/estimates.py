"""Every agreement figure of a set of ratings, each with its n, its definition and its interval over scenes. Pure.

`counts` is (frames, 3): how many people gave each frame each level, frames rated once included; `scenes` (frames,) is
the scene of each frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.vocabulary import LEVELS, TriageLevel
from eval.agreement.coefficients import NEVER_SAID_TWICE, NO_OVERLAP, ONE_LEVEL, Weights, disagreement
from eval.agreement.tables import (
    Floats,
    ac_of,
    alpha_of,
    chance_corrected_tables,
    coincidence_tables,
    fleiss_of,
    kappa_of,
    specific_tables,
    sums_by_scene,
)
from eval.statistics.intervals import FEWEST_SCENES, scene_bootstrap, too_few_scenes
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import scene_interval

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
VALUES: Floats = np.array([level.rank for level in LEVELS], dtype=np.float64)
COST: Floats = np.array([[0.0, 1.0, 5.0], [1.0, 0.0, 2.0], [5.0, 2.0, 0.0]])
"""What a disagreement between two people costs; between peers neither is the truth, so it is symmetric."""
ALPHA = "Krippendorff's alpha, ordinal"


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval over scenes (a share's is Korn and Graubard's, a coefficient's a bootstrap), what
    it was computed on, and what it means.

    `n` counts the frames rated twice or more, or the pairs of ratings where the figure is a share of those.
    """

    name: str
    value: float | Rate | Undefined
    interval: Interval | Undefined
    n: int
    definition: str


def every_estimate(counts: Floats, scenes: Ints, two: Floats | None) -> list[Estimate]:
    """The figures in the order in which they are shown. two: (2, frames) ratings of the two people with the most
    frames in common, None without such a pair."""
    found = [
        ordinal_alpha(counts, scenes),
        _alpha_like("Krippendorff's alpha, nominal", "All people; any two levels differ alike.", counts, scenes,
                    lambda t: alpha_of(t, VALUES, "nominal")),
        _alpha_like("Cost-weighted agreement", "1 - cost of disagreements over cost expected by chance; A against T "
                    "5, S against T 2, A against S 1.", counts, scenes, lambda t: kappa_of(t, COST)),
        _gwet("Gwet's AC1", "All people; chance agreement that does not grow with a frequent level.", counts, scenes,
              None),
        _gwet("Gwet's AC2, quadratic", "As AC1 with squared distances. High where one level is frequent: read it "
              "beside alpha.", counts, scenes, "quadratic"),
        _estimate("Fleiss' kappa", "All people; frames rated once count in the chance agreement only.",
                  chance_corrected_tables(counts, np.eye(len(LEVELS))), scenes, fleiss_of, twice=_twice(counts)),
    ]  # fmt: skip
    found += [specific_estimate(counts, scenes, level) for level in reversed(LEVELS)]
    return found if two is None else [*found, *_cohen(two, scenes)]


def ordinal_alpha(counts: Floats, scenes: Ints) -> Estimate:
    """Krippendorff's alpha of everybody, distances by ranks."""
    return _alpha_like(
        ALPHA, "All people; distances by ranks.", counts, scenes, lambda t: alpha_of(t, VALUES, "ordinal")
    )


def specific_estimate(counts: Floats, scenes: Ints, level: TriageLevel) -> Estimate:
    """How often another person gives the level where one does."""
    definition = f"Where one person says {level.value}, how often another does too; n counts ordered pairs."
    tables = specific_tables(counts, level.rank)
    agreeing, n = (int(one) for one in tables.sum(axis=0))
    if not n:
        return Estimate(specific_name(level), NEVER_SAID_TWICE, NEVER_SAID_TWICE, 0, definition)
    by_scene = sums_by_scene(tables, scenes)
    interval = scene_interval(by_scene[:, 0], by_scene[:, 1])
    return Estimate(specific_name(level), Rate(agreeing, n), interval, n, definition)


def specific_name(level: TriageLevel) -> str:
    """What the specific agreement of a level is called."""
    return f"{level.value} agreement"


def _alpha_like(
    name: str, definition: str, counts: Floats, scenes: Ints, statistic: Callable[[Floats], Floats]
) -> Estimate:
    return _estimate(name, definition, coincidence_tables(counts), scenes, statistic, twice=_twice(counts))


def _gwet(name: str, definition: str, counts: Floats, scenes: Ints, weights: Weights | None) -> Estimate:
    agreement = 1 - disagreement(len(LEVELS), weights)
    tables = chance_corrected_tables(counts, agreement)
    return _estimate(name, definition, tables, scenes, lambda t: ac_of(t, agreement), twice=_twice(counts))


def _twice(counts: Floats) -> Mask:
    return np.asarray(counts.sum(axis=1) > 1)


def _estimate(
    name: str,
    definition: str,
    per_frame: npt.NDArray[Any],
    scenes: Ints,
    statistic: Callable[[Floats], Floats],
    *,
    twice: Mask,
) -> Estimate:
    """A coefficient of sums over frames, with the bootstrap over scenes of the same function. twice: (frames,) which
    frames two people rated; only the scenes that hold such frames can tell how far the coefficient varies."""
    n = int(twice.sum())
    if not n:
        return Estimate(name, NO_OVERLAP, NO_OVERLAP, 0, definition)
    tables = sums_by_scene(per_frame, scenes)
    value = float(statistic(tables.sum(axis=0)[None])[0])
    if np.isnan(value):
        return Estimate(name, ONE_LEVEL, ONE_LEVEL, n, definition)
    holding = len(np.unique(scenes[twice]))
    if holding < FEWEST_SCENES:
        return Estimate(name, value, too_few_scenes(holding), n, definition)
    return Estimate(name, value, scene_bootstrap(tables, statistic), n, definition)


def _cohen(two: Floats, scenes: Ints) -> list[Estimate]:
    both = ~np.isnan(two).any(axis=0)
    first, second = two[:, both].astype(np.int64)
    cells = np.zeros((len(first), len(LEVELS), len(LEVELS)))
    cells[np.arange(len(first)), first, second] = 1
    weightings: tuple[tuple[str, Weights | None], ...] = (
        ("unweighted", None),
        ("linear", "linear"),
        ("quadratic", "quadratic"),
    )
    return [
        _estimate(
            f"Cohen's kappa, {word}",
            "The two people with the most frames in common.",
            cells,
            scenes[both],
            lambda tables, weights=weights: kappa_of(tables, disagreement(len(LEVELS), weights)),  # type: ignore[misc]
            twice=np.ones(len(cells), dtype=np.bool_),
        )
        for word, weights in weightings
    ]
