"""Verified levels of which some are planted wrong, with evidence that is right more often than not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from data.suspicion.ranking import TrainingLevels

SCENES, FRAMES = 60, 12


def planted_levels(
    seed: int, *, wrong: float = 0.05, has_vectors: bool = True, is_told: bool = True
) -> tuple[TrainingLevels, npt.NDArray[np.bool_]]:
    """Levels, and which of them are wrong. Levels last within scenes; two runs are right in three quarters of frames,
    vectors lie near their level's centre. is_told: False for evidence that has nothing to do with levels."""
    rng = np.random.default_rng(seed)
    scene = np.repeat(np.arange(SCENES), FRAMES)
    true = np.where(
        rng.random(len(scene)) < 0.7, rng.integers(3, size=SCENES)[scene], rng.integers(3, size=len(scene))
    )
    is_wrong = rng.random(len(scene)) < wrong
    level = np.where(is_wrong, (true + rng.integers(1, 3, size=len(scene))) % 3, true)
    shown = true if is_told else rng.permutation(true)
    vectors = rng.standard_normal((3, 16))[shown] + 1.2 * rng.standard_normal((len(scene), 16))
    vectors += 0.7 * rng.standard_normal((SCENES, 16))[scene]
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    unit[::50] = np.nan
    found = TrainingLevels(
        frame_ids=[f"frame-{number:04}" for number in range(len(scene))],
        level=level,
        scene=scene,
        said={name: _said(rng, shown) for name in ("student", "teacher")},
        cues=(rng.random((len(scene), 2)) < 0.3).astype(np.float64),
        vectors=unit,
    )
    return (found if has_vectors else replace(found, vectors=None)), is_wrong


def _said(rng: np.random.Generator, level: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    said = np.where(rng.random(len(level)) < 0.75, level, rng.integers(3, size=len(level)))
    chances = np.full((len(level), 3), 0.15)
    chances[np.arange(len(level)), said] = 0.7
    chances[rng.random(len(level)) < 0.05] = np.nan
    return chances
