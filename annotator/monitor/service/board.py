"""What the console is told: the alerts in order, every feed in one line, the last hour. Plain values, plain text."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any

from annotator.monitor.rules.alerts import Placed, in_order
from annotator.monitor.watching.feeds import Feeds
from annotator.monitor.watching.monitor import Monitor
from annotator.monitor.watching.watched_feed import WatchedFeed
from data.text.phrases import counted
from data.vocabulary import Response

NOT_NEEDED_SHOWN_S = 300.0
"""So long a tile says that somebody said that nothing is needed."""
MOST_ALERTS = 60
"""More cards than anybody reads; how many there are besides is said."""


def board(monitor: Monitor, pictured: Collection[str] = ()) -> dict[str, Any]:
    """Everything but the wall's pictures. pictured: the alerts whose small picture the console has; it is by far the
    largest part, and never changes."""
    now_s = monitor.feeds.clock.now_s()
    by_id = {feed.alert.id: feed for feed in monitor.feeds.values() if feed.alert and feed.alert.is_open}
    order = in_order((_placed(number, feed) for number, feed in enumerate(by_id.values())), now_s)
    ordered = [list(by_id.values())[number] for number in order]
    return {
        "version": monitor.feeds.news.version,
        "at_us": monitor.feeds.clock.wall_us(now_s),
        "watch": monitor.feeds.logbook.watch_id,
        "held": monitor.load.held,
        "guarantee": _guarantee(monitor.feeds),
        "alerts": [_alert(monitor.feeds, feed, now_s, pictured) for feed in ordered[:MOST_ALERTS]],
        "further_alerts": max(0, len(ordered) - MOST_ALERTS),
        "feeds": [_feed(feed, now_s) for feed in _as_listed(ordered, monitor.feeds)],
    }


def _guarantee(feeds: Feeds) -> dict[str, Any] | None:
    """What the model's decision promises, and whether live frames have spoken against it."""
    standing = feeds.guarantee
    if standing is None:
        return None
    without = feeds.tally.undecided
    more = f" It does not cover {counted(without, 'answer')} without probabilities." if without else ""
    return {"text": standing.in_words() + more, "withdrawn": standing.is_withdrawn}


def _as_listed(asking: list[WatchedFeed], feeds: Feeds) -> list[WatchedFeed]:
    """All feeds, those with an open alert first and in its order: the list and the wall are read as one."""
    first = {feed.name for feed in asking}
    return [*asking, *(feed for feed in feeds.values() if feed.name not in first)]


def _placed(number: int, feed: WatchedFeed) -> Placed:
    alert = feed.alert
    assert alert is not None  # noqa: S101 - only feeds with an open alert come here
    return Placed(number, alert.level, alert.raised_s, alert.changed_s, bool(alert.watchers), alert.cause)


def _alert(feeds: Feeds, feed: WatchedFeed, now_s: float, pictured: Collection[str]) -> dict[str, Any]:
    alert = feed.alert
    assert alert is not None  # noqa: S101 - only feeds with an open alert come here
    return {
        "alert": alert.id,
        "feed": feed.name,
        "level": alert.level.value,
        "now": feed.shown.value if feed.shown else None,
        "manual": feed.manual.value if feed.manual else None,
        "reason": alert.reason,
        "action": alert.action,
        "cause": alert.cause,
        "age_s": round(now_s - alert.raised_s, 1),
        "raised_at_us": alert.raised_at_us,
        "watchers": alert.watchers,
        "clip": _clip(feeds, alert.id, alert.captured_s),
        "small": data_address(alert.small) if alert.small and alert.id not in pictured else "",
    }


def _clip(feeds: Feeds, alert_id: str, captured_s: float) -> dict[str, Any] | None:
    """How far the alert's clip is, and how many seconds before the alert it begins; None where none are kept."""
    state = feeds.clips.state(alert_id) if feeds.clips else None
    if state is None:
        return None
    first_us, risen_us = state.first_us, feeds.clock.wall_us(captured_s)
    before_s = 0.0 if first_us is None else round((risen_us - first_us) / 1e6, 2)
    return {"state": state.state, "before_s": before_s, "why": state.why or ""}


def data_address(jpeg: bytes) -> str:
    """A small JPEG as an address that needs no further request."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def _feed(feed: WatchedFeed, now_s: float) -> dict[str, Any]:
    return {
        "name": feed.name,
        "level": feed.shown.value if feed.shown else None,
        "manual": feed.manual.value if feed.manual else None,
        "detail": (feed.detail or "")[:160] if feed.manual else "",
        "since_us": feed.since_us,
        "answered": _answered(feed, now_s),
    }


def _answered(feed: WatchedFeed, now_s: float) -> dict[str, Any] | None:
    """The last answer about a feed: a takeover for as long as it holds, *not needed* for a while."""
    answered, alert = feed.answered, feed.alert
    if answered is None or (alert is not None and alert.is_open):
        return None
    age_s = now_s - answered.at_s
    is_over = alert is None if answered.response is Response.TAKEN_OVER else age_s > NOT_NEEDED_SHOWN_S
    return (
        None if is_over else {"how": answered.response.value, "who": answered.who, "age_s": round(age_s, 1)}
    )


def wall(monitor: Monitor, known: dict[str, int]) -> dict[str, Any]:
    """The newest small picture of every feed whose picture is not the one known, with its number."""
    return {
        name: {"number": feed.small_number, "picture": data_address(feed.small)}
        for name, feed in monitor.feeds.items()
        if feed.small and known.get(name) != feed.small_number
    }
