"""Event figures as lines, in the words that the report of a shift uses too."""

from __future__ import annotations

from collections.abc import Callable

from data.text.phrases import counted
from eval.episodes.figures import IN_TIME_S, EventFigures, EventMean, EventRate, EventShare
from eval.statistics.rate import Interval, Undefined

DEFINITIONS = {
    "episode": "agreeing verified TELEOPERATION frames in a row",
    "called in time": f"a TELEOPERATION call at most {IN_TIME_S:g} s after an episode's first frame, or before it",
    "false-alarm episode": "TELEOPERATION calls in a row without a TELEOPERATION among them",
    "change of level": "another level said than for the frame before",
}


def event_lines(name: str, found: EventFigures) -> list[str]:
    """One run's events, each figure with its n and interval."""
    if not found.scenes:
        return [f"{name}: no held-out scene has two frames in a row that it answered."]
    cut = f", {found.is_cut:,} from the scene's first frame on" if found.is_cut else ""
    return [
        f"{name}: {counted(found.episodes, 'episode')} in {counted(found.scenes, 'scene')} ({found.feed_hours:.2f} "
        f"feed-hours){cut}",
        f"  called in time: {_share(found.called_in_time)}; called at all: {_share(found.called)}",
        f"  first call: {_seconds(found.seconds)}",
        f"  false-alarm episodes: {_rate(found.false_alarms, 'per feed-hour')}",
        f"  changes of level: {_rate(found.changes, 'per minute')}",
    ]


def _share(share: EventShare) -> str:
    if isinstance(share.value, Undefined):
        return share.value.reason
    ends = _ends(share.interval, lambda end: f"{end:.0%}")
    return f"{share.value:.0%} ({share.count:,} of {share.n:,}; {ends})"


def _seconds(mean: EventMean) -> str:
    if isinstance(mean.value, Undefined):
        return mean.value.reason
    when = "before" if mean.value < 0 else "after"
    ends = _ends(mean.interval, lambda end: f"{end:+.1f} s")
    return f"{abs(mean.value):.1f} s {when} the first frame on average ({counted(mean.n, 'episode')}; {ends})"


def _rate(rate: EventRate, unit: str) -> str:
    if isinstance(rate.value, Undefined):
        return rate.value.reason
    return f"{rate.value:.1f} {unit} ({rate.count:,}; {_ends(rate.interval, lambda end: f'{end:.1f}')})"


def _ends(interval: Interval | Undefined, text: Callable[[float], str]) -> str:
    if isinstance(interval, Undefined):
        return f"no interval: {interval.reason}"
    return f"95 % {text(interval.low)} to {text(interval.high)}"
