"""The development part: whole scenes of the training side that training never sees and that decisions are fitted on."""

from __future__ import annotations

from data.hashing import seeded_chance

SHARE, SEED = 0.1, 0


def in_development(scene_id: str, share: float = SHARE, *, seed: int = SEED) -> bool:
    """Whether a training scene belongs to the development part: a seeded draw, the same for whoever asks.

    >>> [scene for scene in ("a", "b", "c", "d", "e") if in_development(scene, 0.2)]
    ['c']
    """
    return seeded_chance("development", seed, scene_id) < share
