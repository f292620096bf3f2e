"""Event figures as lines, in the words that the report of a shift uses too."""

from __future__ import annotations

from collections.abc import Callable

from data.text.phrases import counted
from eval.episodes.figures import IN_TIME_S, EventFigures, EventMean, EventRate, EventShare
from eval.statistics.rate import Interval, Undefined

SCENES = "scenes"
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
        f"  called in time: {share_text(found.called_in_time)}; called at all: {share_text(found.called)}",
        f"  first call: {seconds_text(found.seconds, 'the first frame')}",
        f"  false-alarm episodes: {rate_text(found.false_alarms, 'per feed-hour')}",
        f"  changes of level: {rate_text(found.changes, 'per minute')}",
    ]


def share_text(share: EventShare, unit: str = SCENES) -> str:
    """A share of episodes with its count and interval over the units, or why there is none."""
    if isinstance(share.value, Undefined):
        return share.value.reason
    ends = _ends(share.interval, lambda end: f"{end:.0%}", unit)
    return f"{share.value:.0%} ({share.count:,} of {share.n:,}; {ends})"


def seconds_text(mean: EventMean, since: str, unit: str = SCENES) -> str:
    """How long before or after something the first call comes."""
    if isinstance(mean.value, Undefined):
        return mean.value.reason
    when = "before" if mean.value < 0 else "after"
    ends = _ends(mean.interval, lambda end: f"{end:+.1f} s", unit)
    return f"{abs(mean.value):.1f} s {when} {since} on average ({counted(mean.n, 'episode')}; {ends})"


def rate_text(rate: EventRate, per: str, unit: str = SCENES) -> str:
    """Events per unit of time with their count and interval, or why there is no rate."""
    if isinstance(rate.value, Undefined):
        return rate.value.reason
    ends = _ends(rate.interval, lambda end: f"{end:.1f}", unit)
    return f"{rate.value:.1f} {per} ({rate.count:,}; {ends})"


def _ends(interval: Interval | Undefined, text: Callable[[float], str], unit: str) -> str:
    if isinstance(interval, Undefined):
        return f"no interval: {interval.reason if unit == SCENES else f'too few {unit}'}"
    return f"95 % {text(interval.low)} to {text(interval.high)}"
