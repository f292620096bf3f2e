"""Counting answers over scenes: shares, and differences that are paired by frame, each with its interval. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from eval.probes.result import Counted, Difference
from eval.statistics.intervals import CONFIDENCE, FEWEST_SCENES, too_few_scenes
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import Floats, scene_difference, scene_interval
from eval.statistics.sign_flip import sign_flip_interval


def counted(events: Iterable[tuple[str, bool]], *, confidence: float = CONFIDENCE) -> Counted:
    """Of (scene, whether it happened) for each answer."""
    happened, frames, _ = _by_scene([(scene, float(hit)) for scene, hit in events])
    count, n = int(happened.sum()), int(frames.sum())
    if not n:
        nothing = Undefined("there are no such answers")
        return Counted(count=0, n=0, scenes=0, value=nothing, interval=nothing)
    interval = scene_interval(happened, frames, confidence=confidence)
    return Counted(count=count, n=n, scenes=len(frames), value=count / n, interval=interval)


def difference(values: Iterable[tuple[str, float]], *, confidence: float = CONFIDENCE) -> Difference:
    """Of (scene, difference from -1 to 1) for each frame."""
    sums, frames, ups = _by_scene(list(values))
    if not len(frames):
        nothing = Undefined("there are no such frames")
        return Difference(n=0, scenes=0, value=nothing, interval=nothing)
    return Difference(
        n=int(frames.sum()),
        scenes=len(frames),
        value=float(sums.sum() / frames.sum()),
        interval=difference_interval(ups, ups - sums, frames, confidence=confidence),
    )


def difference_interval(
    more: Floats, fewer: Floats, frames: Floats, *, confidence: float = CONFIDENCE
) -> Interval | Undefined:
    """(scenes,) sums of what is more and of what is fewer, and numbers of frames.

    The sign-flip interval has no width where no scene holds a difference, and too little where few do: those get the
    interval that takes each scene for one frame.
    """
    if len(frames) < FEWEST_SCENES:
        return too_few_scenes(len(frames))
    if int((more != fewer).sum()) < FEWEST_SCENES:
        return scene_difference(more, fewer, frames, confidence=confidence)
    return sign_flip_interval(more - fewer, frames, confidence=confidence)


def _by_scene(values: list[tuple[str, float]]) -> tuple[Floats, Floats, Floats]:
    """(scenes,) sums, numbers of values, and sums of the positive ones."""
    found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for scene, value in values:
        row = found[scene]
        row[0], row[1], row[2] = row[0] + value, row[1] + 1, row[2] + max(value, 0.0)
    table = np.array([found[scene] for scene in sorted(found)], dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
