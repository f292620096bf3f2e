"""Frames whose level people have not settled, at the level that is best or worst for a figure."""

from __future__ import annotations

from collections.abc import Sequence

from data.vocabulary import TriageLevel
from eval.metrics.shares import Share, cells
from eval.metrics.triage_metrics import Counts

OpenFrame = tuple[int, frozenset[TriageLevel], int]
"""Place of the scene, the levels that the frame may have, and what the run said (3: no assessment)."""


def settled_as(per_scene: Counts, frames: Sequence[OpenFrame], share: Share, *, highest: bool) -> Counts:
    """(scenes, 3, 4) answers with each open frame at the level that makes the share highest, or lowest.

    An event raises a share, a frame that is none lowers it, and one that does not count leaves it as it is.
    """
    matrices = per_scene.copy()
    hits, among = cells(share.hits), cells(share.among)
    wanted = hits if highest else among & ~hits
    for scene, levels, said in frames:
        rank = max(levels, key=lambda level: (wanted[level.rank, said], not among[level.rank, said])).rank
        matrices[scene, rank, said] += 1
    return matrices
