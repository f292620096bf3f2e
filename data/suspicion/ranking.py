"""Which verified levels the rest of the evidence speaks against, most suspicious first (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from data.frames.cues import unknown_at_the_mean
from data.suspicion.cross_fit import (
    NEAREST,
    Floats,
    Ints,
    cross_fitted,
    directions,
    nearest_elsewhere,
    neighbour_shares,
)
from data.text.phrases import counted
from data.vocabulary import LEVELS, TriageLevel

FEWEST_SCENES = 5
FEWEST_FRAMES = 50
LIKELY = 0.5


@dataclass(frozen=True)
class TrainingLevels:
    """Verified training frames with what speaks about their levels.

    `level`: (n,) ranks; `scene`: (n,) numbers; `said`: by run, (n, 3) probabilities, NaN where it gave none; `cues`:
    (n, cues) 0 or 1, NaN where nobody could look; `vectors`: (n, dims) of unit length, NaN without one, or None.
    """

    frame_ids: Sequence[str]
    level: Ints
    scene: Ints
    said: Mapping[str, Floats]
    cues: Floats
    vectors: npt.NDArray[np.float32] | None

    @property
    def scenes(self) -> int:
        return len(np.unique(self.scene))


@dataclass(frozen=True)
class Suspicion:
    """A verified level that may be wrong. `score`: how much likelier the other level is, 0 to 1."""

    frame_id: str
    level: TriageLevel
    likely: TriageLevel
    p_level: float
    p_likely: float
    why: str

    @property
    def score(self) -> float:
        return self.p_likely - self.p_level

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "level": self.level.value, "likely": self.likely.value}

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The suspicion that `as_dict` gave. Raises ValueError, TypeError or KeyError for anything else."""
        levels = {name: TriageLevel(row[name]) for name in ("level", "likely")}
        return cls(**{**row, **levels})


def too_few(found: TrainingLevels) -> str | None:
    """Why nothing can be said of so few frames, as a sentence."""
    if len(found.frame_ids) >= FEWEST_FRAMES and found.scenes >= FEWEST_SCENES:
        return None
    return (
        f"{counted(len(found.frame_ids), 'verified training frame')} of {counted(found.scenes, 'scene')} "
        f"{'is' if len(found.frame_ids) == 1 else 'are'} too few to tell suspicious levels: "
        f"{FEWEST_FRAMES} of {FEWEST_SCENES} scenes are needed."
    )


def suspicious_levels(found: TrainingLevels, *, seed: int = 0) -> list[Suspicion]:
    """Confident learning (Northcutt, Jiang & Chuang 2021, section 3.1) on cross-fitted chances: a frame is suspicious
    where another level is likelier than not, and at least as likely as it is on average where people verified it.
    Ranked by `score`, then by frame id. None where there are too few frames."""
    if too_few(found) is not None:
        return []
    chances, shares = level_chances(found, seed=seed)
    likely = chances.argmax(axis=1)
    usual = np.array([chances[found.level == one.rank, one.rank].mean() if (found.level == one.rank).any() else 1.0
                      for one in LEVELS])  # fmt: skip
    rows = np.arange(len(likely))
    flagged = (likely != found.level) & (chances[rows, likely] >= np.maximum(usual[likely], LIKELY))
    listed = [_suspicion(found, int(at), chances[at], shares[at]) for at in np.flatnonzero(flagged)]
    return sorted(listed, key=lambda one: (-one.score, one.frame_id))


def level_chances(found: TrainingLevels, *, seed: int = 0) -> tuple[Floats, Floats]:
    """(n, 3) cross-fitted chances of each level, and (n, 3) what the nearest frames of other scenes are verified as."""
    fixed = [*(_of_run(one) for one in found.said.values()), unknown_at_the_mean(found.cues)]
    if found.vectors is None:
        whole = _spread_evenly(np.column_stack(fixed))
        nobody = np.full((len(found.level), len(LEVELS)), np.nan)
        return cross_fitted(found.level, found.scene, lambda _: whole, seed=seed), nobody
    whole = _spread_evenly(np.column_stack([*fixed, directions(found.vectors.astype(np.float64))]))
    nearest = nearest_elsewhere(found.vectors, found.scene, seed=seed)

    def evidence(fitted_on: npt.NDArray[np.bool_]) -> Floats:
        return np.column_stack([whole, _spread_evenly(neighbour_shares(nearest, found.level, fitted_on))])

    everywhere = np.ones(len(found.level), dtype=np.bool_)
    shares = neighbour_shares(nearest, found.level, everywhere)
    return cross_fitted(found.level, found.scene, evidence, seed=seed), shares


def _of_run(probabilities: Floats) -> Floats:
    """(n, 4) probabilities and whether there are any."""
    known = np.isfinite(probabilities).all(axis=1)
    return np.column_stack([np.where(known[:, None], probabilities, 1 / len(LEVELS)), known])


def _spread_evenly(features: Floats) -> Floats:
    spread = features.std(axis=0)
    return np.asarray((features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _suspicion(found: TrainingLevels, at: int, chances: Floats, shares: Floats) -> Suspicion:
    level, likely = int(found.level[at]), int(chances.argmax())
    return Suspicion(
        frame_id=found.frame_ids[at],
        level=LEVELS[level],
        likely=LEVELS[likely],
        p_level=round(float(chances[level]), 4),
        p_likely=round(float(chances[likely]), 4),
        why=_why(found, at, likely, shares),
    )


def _why(found: TrainingLevels, at: int, likely: int, shares: Floats) -> str:
    name = LEVELS[likely].value
    saying = [
        run for run, said in found.said.items() if np.isfinite(said[at]).all() and said[at].argmax() == likely
    ]
    parts = [f"{', '.join(saying)} {'say' if len(saying) > 1 else 'says'} {name}"] if saying else []
    if np.isfinite(shares).all() and shares.argmax() == likely:
        near = round(float(shares[likely] * (NEAREST + 1) - 1 / len(LEVELS)))
        parts.append(f"{near} of the {NEAREST} nearest frames of other scenes are {name}")
    return f"{'; '.join(parts) or f'Cues and picture together speak for {name}'}."
