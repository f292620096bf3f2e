"""A share of frames and how sure it is where frames come in scenes: the share is E[events] / E[frames] over scenes.

Scenes are drawn independently; frames of one scene may resemble each other as much as they like, so the number of
scenes that hold such frames is what an interval rests on. `events` and `frames` are (scenes,) arrays, one entry per
scene; scenes without frames are left out. Below `FEWEST_SCENES` of the rest there is no interval and no bound: the
functions return `Undefined` with the number of scenes in its reason, and raise ValueError for arrays that cannot be
counts.
"""

from __future__ import annotations

from math import ceil, log, log1p
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import beta
from scipy.stats import t as student

from eval.statistics.intervals import CONFIDENCE, FEWEST_SCENES, too_few_scenes
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Clustering

Floats = NDArray[np.float64]

CLAIM_CONFIDENCE = 0.975
# Fractions of the highest bet that cannot lose everything, and what share of the stake is put on each. Half on the
# whole bet shows a limit with as few scenes as can be where nothing is missed; the rest finds it where something is.
_BETS: Floats = np.array([1.0, 0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1])
_STAKES: Floats = np.array([0.5, *[0.5 / 7] * 7])
_NEARLY_ONE = 1 - 1e-9


def scene_interval(
    events: ArrayLike, frames: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval | Undefined:
    """Two-sided interval of a share for display (Korn & Graubard 1998): Clopper-Pearson at the effective n.

    n_eff = p (1 - p) / v with v the scene-linearised variance, at most the number of frames, and the number of scenes
    where there are no events or nothing but events. It is shrunk by (z / t_d)^2, as Korn and Graubard do, but with
    d = 2 S / (kurtosis of the scene residuals - 1) in place of S - 1 degrees of freedom where that is lower: where few
    of the S scenes hold the events, v is known as badly as from few scenes. With S - 1 a nominal 95 % covers 90 to 92 %
    at rates of 3 and 10 % and an intra-scene correlation of .5; `tests/eval/coverage_matrix.py` measures both sides.
    """
    found = _counted(events, frames)
    if isinstance(found, Undefined):
        return found
    low, high = korn_graubard(*found, confidence=confidence)
    return Interval(float(low), float(high))


def scene_upper_bound(
    events: ArrayLike, frames: ArrayLike, *, confidence: float = CLAIM_CONFIDENCE
) -> float | Undefined:
    """One-sided upper bound of a share for claims, valid in finite samples whatever the correlation inside scenes.

    The share is below L at this confidence where a gambler who bets on events < L frames, scene by scene, multiplies
    the stake by 1 / (1 - confidence): under a share of L or more the expected wealth never grows (Waudby-Smith & Ramdas
    2024; a mixture of fixed bets). Valid however unequal scenes are, as long as none that could have been drawn holds
    more frames than the largest that was. A large scene costs: S scenes count as sum(frames) / max(frames) equal ones.
    `events` may be negative, down to -frames: then it bounds a mean difference per frame, from -1 to 1.
    """
    found = _counted(events, frames)
    if isinstance(found, Undefined):
        return found
    y, m = found
    if shows(y, m, limit=-_NEARLY_ONE, confidence=confidence):
        return -1.0
    if not shows(y, m, limit=_NEARLY_ONE, confidence=confidence):
        return 1.0
    target = -np.log(1 - confidence)
    return float(
        brentq(lambda limit: _log_wealth(y, m, limit) - target, -_NEARLY_ONE, _NEARLY_ONE, xtol=1e-9)
    )


def scene_lower_bound(
    events: ArrayLike, frames: ArrayLike, *, confidence: float = CLAIM_CONFIDENCE
) -> float | Undefined:
    """As `scene_upper_bound`, from below."""
    rest = scene_upper_bound(np.asarray(frames) - np.asarray(events), frames, confidence=confidence)
    return rest if isinstance(rest, Undefined) else 1 - rest


def scene_difference(
    more: ArrayLike, fewer: ArrayLike, frames: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval | Undefined:
    """Two-sided interval of a paired difference where few frames differ: the share of `more` minus that of `fewer`.

    The ends are those of the two shares, which share the error. Each is Clopper-Pearson at as many frames as scenes are
    worth where all frames of a scene go together, (sum of frames)^2 / sum of frames^2 (Kish), or Korn and Graubard's
    fewer: where few scenes hold a difference, the variance between scenes is not known well enough to give more.
    """
    counted = [_counted(events, frames) for events in (more, fewer)]
    if isinstance(counted[0], Undefined) or isinstance(counted[1], Undefined):
        return too_few_scenes(int((np.asarray(frames) > 0).sum()))
    low, high = difference_ends(counted[0][0], counted[1][0], counted[0][1], confidence=confidence)
    return Interval(float(low), float(high))


def difference_ends(
    more: Floats, fewer: Floats, frames: Floats, *, confidence: float
) -> tuple[Floats, Floats]:
    """(...) lower and upper ends of `scene_difference` for (..., scenes) frames."""
    each = 1 - (1 - confidence) / 2
    low_more, high_more = _ends_worst(more, frames, each)
    low_fewer, high_fewer = _ends_worst(fewer, frames, each)
    return low_more - high_fewer, high_more - low_fewer


def equal_scenes(frames: ArrayLike) -> float:
    """How many frames these scenes are worth where all frames of a scene go together; scenes of one size count as what
    they are.

    >>> equal_scenes([4, 4, 4]), equal_scenes([1, 1, 10])
    (3.0, 1.411764705882353)
    """
    m = np.asarray(frames, dtype=np.float64)
    return float(m.sum(-1) ** 2 / (m**2).sum(-1))


def scenes_without_difference(margin: float, *, confidence: float = CONFIDENCE) -> int:
    """The fewest equally large scenes without a difference whose `scene_difference` ends at most at the margin.

    >>> [scenes_without_difference(margin) for margin in (0.01, 0.05)]
    [437, 86]
    """
    return max(ceil(log((1 - confidence) / 4) / log1p(-margin)), FEWEST_SCENES)


def _ends_worst(events: Floats, frames: Floats, confidence: float) -> tuple[Floats, Floats]:
    n = frames.sum(-1)
    worst = n**2 / (frames**2).sum(-1)
    effective = np.minimum(effective_counts(events, frames, confidence=confidence)[1], worst)
    return _clopper_pearson(events.sum(-1) / n * effective, effective, confidence)


def _clopper_pearson(x: Floats, n: Floats, confidence: float) -> tuple[Floats, Floats]:
    """(...) ends of the exact interval of x events of n frames, neither of them whole numbers."""
    tail = (1 + confidence) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(x > 0, beta.ppf(1 - tail, x, n - x + 1), 0.0)
        high = np.where(x < n, beta.ppf(tail, x + 1, n - x), 1.0)
    return np.asarray(low), np.asarray(high)


def clustering(events: ArrayLike, frames: ArrayLike) -> Clustering | Undefined:
    """Design effect and effective n of a share; a reason below `FEWEST_SCENES` scenes."""
    found = _counted(events, frames)
    if isinstance(found, Undefined):
        return found
    n, effective = float(found[1].sum()), float(_effective_n(*found))
    return Clustering(scenes=len(found[0]), n=n, effective_n=effective, design_effect=n / effective)


def scenes_without_events(limit: float, *, confidence: float = CLAIM_CONFIDENCE) -> int:
    """The fewest equally large scenes without an event that show a share of at most `limit`.

    >>> [scenes_without_events(limit) for limit in (0.01, 0.02, 0.05)]
    [416, 207, 82]
    """
    scenes = FEWEST_SCENES
    while not shows(np.zeros(scenes), np.ones(scenes), limit=limit, confidence=confidence):
        scenes = int(scenes * 1.5)
    while scenes > FEWEST_SCENES and shows(
        np.zeros(scenes - 1), np.ones(scenes - 1), limit=limit, confidence=confidence
    ):
        scenes -= 1
    return scenes


def smallest_limit(frames: ArrayLike, *, confidence: float = CLAIM_CONFIDENCE) -> float | Undefined:
    """The smallest limit that scenes of these sizes can show: their bound where no frame is an event."""
    return scene_upper_bound(np.zeros(np.shape(frames)), frames, confidence=confidence)


def korn_graubard(events: Floats, frames: Floats, *, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """(...) lower and upper ends of `scene_interval` for (..., scenes) events and frames."""
    return _clopper_pearson(*effective_counts(events, frames, confidence=confidence), confidence)


def effective_counts(events: Floats, frames: Floats, *, confidence: float) -> tuple[Floats, Floats]:
    """(...) events of so many independent frames that are worth as much as (..., scenes) events and frames."""
    n, hits = frames.sum(-1), events.sum(-1)
    inside = (hits > 0) & (hits < n)
    tail = (1 + confidence) / 2
    shrunk = (student.ppf(tail, np.maximum(n - 1, 1)) / student.ppf(tail, _degrees(events, frames))) ** 2
    effective = _effective_n(events, frames) * np.where(inside, shrunk, 1.0)
    return hits / n * effective, effective


def shows(events: Floats, frames: Floats, *, limit: float, confidence: float = CLAIM_CONFIDENCE) -> Any:
    """(...) whether (..., scenes) events of frames show a share below the limit: `scene_upper_bound` is the lowest
    limit that they show."""
    return _log_wealth(events, frames, limit) >= -np.log(1 - confidence)


def _log_wealth(events: Floats, frames: Floats, limit: float) -> Any:
    """(...) log of the mixed wealth after all scenes; it grows with the limit."""
    most = (1 - limit) * frames.max(-1, keepdims=True)
    gain = (limit * frames - events) / most
    with np.errstate(divide="ignore"):
        logs = [np.log1p(np.maximum(bet * gain, -1.0)).sum(-1) for bet in _BETS]
        staked = np.log(_STAKES).reshape(-1, *[1] * (gain.ndim - 1)) + np.stack(logs)
    return np.logaddexp.reduce(staked, axis=0)


def _counted(events: ArrayLike, frames: ArrayLike) -> tuple[Floats, Floats] | Undefined:
    """The scenes that hold frames, or why they are too few."""
    y, m = np.asarray(events, dtype=np.float64), np.asarray(frames, dtype=np.float64)
    if y.shape != m.shape or y.ndim != 1 or (m < 0).any() or (np.abs(y) > m * (1 + 1e-9)).any():
        raise ValueError(
            "Events and frames are one number per scene each, and no scene has more events than frames."
        )
    held = m > 0
    scenes = int(held.sum())
    if scenes < FEWEST_SCENES:
        return too_few_scenes(scenes)
    return y[held], m[held]


def _effective_n(events: Floats, frames: Floats) -> Floats:
    n, scenes = frames.sum(-1), np.count_nonzero(frames, axis=-1)
    share = events.sum(-1) / n
    residual = events - share[..., None] * frames
    variance = scenes / (scenes - 1) * (residual**2).sum(-1) / n**2
    wanted = share * (1 - share)
    known = np.divide(wanted, variance, out=np.full_like(n, np.inf), where=variance > 0)
    return np.where(wanted > 0, np.minimum(known, n), scenes)


def _degrees(events: Floats, frames: Floats) -> Floats:
    """(...) degrees of freedom of the scene-linearised variance: 2 / (its relative variance), at most scenes - 1."""
    scenes = np.count_nonzero(frames, axis=-1)
    squares = (events - (events.sum(-1) / frames.sum(-1))[..., None] * frames) ** 2
    total = squares.sum(-1)
    kurtosis = np.divide(scenes * (squares**2).sum(-1), total**2, out=np.ones_like(total), where=total > 0)
    wanted = np.divide(2 * scenes, kurtosis - 1, out=np.full_like(total, np.inf), where=kurtosis > 1)
    return np.asarray(np.clip(wanted, 1.0, scenes - 1))
