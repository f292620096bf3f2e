"""A shift in the words of `evaluate --events`: situations called in time, false alarms, changes of level.

An evaluation knows from people what every frame was; a shift knows what operators did. An episode is therefore a
situation that an operator took over, and a TELEOPERATION alert is false where every answer said that nothing is needed;
other alerts are neither. The unit is a quarter-hour of one feed in the place of a scene.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from data.live.shift import Shift
from data.store.tables import Alert, FeedChange
from data.text.phrases import counted
from data.vocabulary import Response, TriageLevel
from eval.episodes.episodes import Episode, SceneEvents
from eval.episodes.figures import IN_TIME_S, EventFigures, event_figures
from eval.episodes.in_words import rate_text, seconds_text, share_text

T = TriageLevel.TELEOPERATION
STRETCH_US = 900_000_000
LATE_US = 60_000_000
"""A call that comes so long after a takeover is still of that situation, and so is another takeover of the feed."""
DEFINITIONS = {
    "episode": "a situation that an operator took over, asked or unasked",
    "called in time": f"a TELEOPERATION call at most {IN_TIME_S:g} s after the operator took over, or before it",
    "false-alarm episode": "a TELEOPERATION alert of which every answer says that nothing is needed",
    "change of level": "another level shown than before, while the feed could be trusted",
}


@dataclass
class _Stretch:
    """What happened to a feed in a quarter of an hour."""

    episodes: list[Episode] = field(default_factory=list)
    false_alarms: int = 0
    changes: int = 0
    seconds: float = 0.0


def shift_events(shift: Shift) -> EventFigures:
    """The figures of a shift; its `scenes` are quarter-hours of one feed in which it could be trusted or something
    happened."""
    stretches: dict[tuple[int, int], _Stretch] = defaultdict(_Stretch)
    for feed_id, rows in _by_feed(shift.changes).items():
        for start_us, end_us in _trusted(shift, rows):
            for at_us, seconds in _cut(start_us, end_us):
                stretches[feed_id, at_us // STRETCH_US].seconds += seconds
        for at_us in _changes(rows):
            if at_us >= shift.from_us:
                stretches[feed_id, at_us // STRETCH_US].changes += 1
    for alert in _false_alarms(shift):
        stretches[alert.feed_id, alert.raised_at_us // STRETCH_US].false_alarms += 1
    for feed_id, at_us, called_after_s in _takeovers(shift):
        start_s = at_us / 1e6
        episode = Episode(str(feed_id), start_s, start_s, 1, called_after_s, is_cut=False)
        stretches[feed_id, at_us // STRETCH_US].episodes.append(episode)
    return event_figures(
        [
            SceneEvents(
                f"{feed_id}:{number}", tuple(one.episodes), one.false_alarms, one.changes, one.seconds
            )
            for (feed_id, number), one in sorted(stretches.items())
        ]
    )


def _by_feed(changes: Sequence[FeedChange]) -> dict[int, list[FeedChange]]:
    found: dict[int, list[FeedChange]] = defaultdict(list)
    for one in sorted(changes, key=lambda one: (one.changed_at_us, one.id or 0)):
        found[one.feed_id].append(one)
    return found


def _trusted(shift: Shift, rows: Sequence[FeedChange]) -> Iterator[tuple[int, int]]:
    """From when to when the feed had a level within the shift."""
    ends = {watch.id: watch.ended_at_us or watch.seen_at_us for watch in shift.watches}
    last = [*rows[1:], None]
    for row, following in zip(rows, last, strict=True):
        stop = ends.get(row.watch_id, row.changed_at_us)
        if following is not None and following.watch_id == row.watch_id:
            stop = following.changed_at_us
        start = max(row.changed_at_us, shift.from_us)
        if row.level is not None and start < stop:
            yield start, stop


def _cut(start_us: int, end_us: int) -> Iterator[tuple[int, float]]:
    """(when it begins, seconds) of each part of the time that lies in one quarter of an hour."""
    while start_us < end_us:
        stop = min(end_us, (start_us // STRETCH_US + 1) * STRETCH_US)
        yield start_us, (stop - start_us) / 1e6
        start_us = stop


def _changes(rows: Sequence[FeedChange]) -> Iterator[int]:
    for before, one in pairwise(rows):
        levels = {before.level, one.level}
        if before.watch_id == one.watch_id and None not in levels and len(levels) > 1:
            yield one.changed_at_us


def _false_alarms(shift: Shift) -> list[Alert]:
    answers: dict[str, list[Response]] = defaultdict(list)
    for answer, alert, _ in shift.answers:
        answers[alert.id].append(answer.response)
    return [
        alert
        for alert in shift.alerts
        if alert.level is T and not alert.called and set(answers[alert.id]) == {Response.NOT_NEEDED}
    ]


def _takeovers(shift: Shift) -> Iterator[tuple[int, int, float | None]]:
    """(feed, when an operator took it over, seconds from then to the first call) of every situation."""
    rises: dict[int, list[int]] = defaultdict(list)
    for row in shift.changes:
        if row.level is T:
            rises[row.feed_id].append(row.changed_at_us)
    last: dict[int, int] = {}
    for answer, alert, _ in sorted(shift.answers, key=lambda one: one[0].answered_at_us):
        at_us, feed_id = answer.answered_at_us, alert.feed_id
        if answer.response is not Response.TAKEN_OVER:
            continue
        is_same = feed_id in last and at_us - last[feed_id] <= LATE_US
        last[feed_id] = at_us
        if not is_same:
            yield feed_id, at_us, _called_after(alert, at_us, rises[feed_id])


def _called_after(alert: Alert, at_us: int, rises: Sequence[int]) -> float | None:
    if alert.level is T:
        return (alert.captured_at_us - at_us) / 1e6
    late = [one for one in rises if at_us <= one <= at_us + LATE_US]
    return (min(late) - at_us) / 1e6 if late else None


def event_lines(found: EventFigures) -> list[str]:
    """The figures for reading at a terminal."""
    unit = "quarter-hours of one feed"
    in_time = share_text(found.called_in_time, unit) if found.episodes else "nothing was taken over"
    called = f"; first call: {seconds_text(found.seconds, 'the operator took over', unit)}" * (
        found.seconds.n > 0
    )
    return [
        f"{counted(found.episodes, 'episode')} taken over; called in time: {in_time}{called}",
        f"false-alarm episodes: {rate_text(found.false_alarms, 'per feed-hour', unit)}",
        f"changes of level: {rate_text(found.changes, 'per minute', unit)}",
    ]
