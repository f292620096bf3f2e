"""Figures over episodes, each with its n and an interval over scenes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma

from eval.episodes.episodes import Episode, SceneEvents
from eval.statistics.intervals import CONFIDENCE, FEWEST_SCENES, scene_bootstrap
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import scene_interval
from eval.statistics.values import Part

IN_TIME_S = 2.0
"""A situation is called in time if a call comes so soon after its first frame, or before it."""
HOUR_S, MINUTE_S = 3600.0, 60.0


class EventShare(Part):
    """`count` of `n` episodes."""

    value: float | Undefined
    count: int
    n: int
    interval: Interval | Undefined


class EventMean(Part):
    """A mean over `n` episodes, in seconds."""

    value: float | Undefined
    n: int
    interval: Interval | Undefined


class EventRate(Part):
    """`count` events per unit of `exposure`, the time that was watched in that unit."""

    value: float | Undefined
    count: int
    exposure: float
    interval: Interval | Undefined


class EventFigures(Part):
    """What a run makes of situations: `episodes` of TELEOPERATION in `scenes` scenes of which `feed_hours` were seen.

    called_in_time: with a call at most IN_TIME_S after their first frame, or before it; called: with any call. seconds:
    from the first frame to the first call, of the called ones; negative is before. is_cut: episodes with which their
    scene begins, of which nothing earlier could be seen. false_alarms: calls in a row without a TELEOPERATION, per
    feed-hour. changes: of the level said, per minute.
    """

    scenes: int
    episodes: int
    is_cut: int
    feed_hours: float
    called_in_time: EventShare
    called: EventShare
    seconds: EventMean
    false_alarms: EventRate
    changes: EventRate


def event_figures(scenes: Sequence[SceneEvents], *, in_time_s: float = IN_TIME_S) -> EventFigures:
    """Add up the scenes of one run."""
    every = [episode for scene in scenes for episode in scene.episodes]
    seconds = np.array([scene.seconds for scene in scenes])
    return EventFigures(
        scenes=len(scenes),
        episodes=len(every),
        is_cut=sum(one.is_cut for one in every),
        feed_hours=float(seconds.sum() / HOUR_S),
        called_in_time=_share(scenes, lambda one: (one.called_after_s or 0.0) <= in_time_s and _called(one)),
        called=_share(scenes, _called),
        seconds=_seconds(scenes),
        false_alarms=rate([one.false_alarms for one in scenes], seconds / HOUR_S),
        changes=rate([one.changes for one in scenes], seconds / MINUTE_S),
    )


def _called(one: Episode) -> bool:
    return one.called_after_s is not None


def _share(scenes: Sequence[SceneEvents], wanted: Callable[[Episode], bool]) -> EventShare:
    hits = [sum(map(wanted, scene.episodes)) for scene in scenes]
    total = [len(scene.episodes) for scene in scenes]
    n = sum(total)
    value = sum(hits) / n if n else Undefined("no TELEOPERATION episode")
    return EventShare(value=value, count=sum(hits), n=n, interval=scene_interval(hits, total))


def _seconds(scenes: Sequence[SceneEvents]) -> EventMean:
    times = [
        [one.called_after_s for one in scene.episodes if one.called_after_s is not None] for scene in scenes
    ]
    table = np.array([[sum(one), len(one)] for one in times if one], dtype=np.float64).reshape(-1, 2)
    n = int(table[:, 1].sum())
    if not n:
        return EventMean(
            value=Undefined("no episode was called"), n=0, interval=Undefined("no episode was called")
        )
    if len(table) < FEWEST_SCENES:
        few: Interval | Undefined = Undefined(
            f"{len(table)} scenes hold such episodes, {FEWEST_SCENES} are needed"
        )
    else:
        few = scene_bootstrap(table, lambda total: total[:, 0] / total[:, 1])
    return EventMean(value=float(table[:, 0].sum() / n), n=n, interval=few)


def rate(events: Sequence[int], exposure: NDArray[np.float64]) -> EventRate:
    """Events per unit of exposure, with a gamma interval over scenes (Fay & Feuer 1997): Garwood's at an effective
    count, which is smaller than the count where events come in heaps."""
    y, total = np.asarray(events, dtype=np.float64), float(exposure.sum())
    count = int(y.sum())
    if total <= 0:
        nothing = Undefined("nothing was watched")
        return EventRate(value=nothing, count=count, exposure=0.0, interval=nothing)
    value = count / total
    if len(y) < FEWEST_SCENES:
        few = Undefined(f"{len(y)} scenes were watched, {FEWEST_SCENES} are needed")
        return EventRate(value=value, count=count, exposure=total, interval=few)
    spread = len(y) / (len(y) - 1) * float(((y - value * exposure) ** 2).sum())
    scale = max(1.0, spread / count) if count else 1.0
    seen, outside = count / scale, (1 - CONFIDENCE) / 2
    low = gamma.ppf(outside, seen) * scale if count else 0.0
    high = gamma.ppf(1 - outside, seen + 1) * scale
    interval = Interval(float(low) / total, float(high) / total)
    return EventRate(value=value, count=count, exposure=total, interval=interval)
