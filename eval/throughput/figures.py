"""What a server makes of N feeds: frames answered, latency, age, drops, invalid replies, and how many feeds it holds.

Pure: from the logs of `eval.throughput.feeds` to figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from data.vlm.kept_connection import OK
from data.vlm.reply import parse_reply
from eval.statistics.percentiles import Percentiles, percentiles
from eval.statistics.rate import Undefined
from eval.statistics.values import Part
from eval.throughput.feeds import Asked, FeedLog, FeedLogs

ALLOWED_CACHED = 0.05
"""Above this share of cached prompt tokens a server's cache was measured: the text before a picture is less."""
ALLOWED_LOSS = 0.01
"""The share of a feed's frames that may be dropped, lost or unusable while it still counts as held."""


class FeedFigures(Part):
    """One feed after its warm-up.

    `frames` were made; `answered` got a reply with status 200, `invalid` of them without an assessment; `failed` got
    another status or none; `dropped` gave way to a newer frame, or were still waiting at the end. `answered_per_s`
    counts valid replies that came within the time. `latency_ms` is from sending to answer, `age_ms` from the
    frame's capture to its answer.
    """

    frames: int
    answered: int
    invalid: int
    failed: int
    dropped: int
    answered_per_s: float
    latency_ms: Percentiles | Undefined
    age_ms: Percentiles | Undefined


class LoadFigures(Part):
    """One number of feeds. `cached_share` of the prompts' tokens came out of the server's cache. `cpu_share` is the
    harness's own cost, of one core; `late_ms` the most that it made a frame late; both say whether the harness, not
    the server, was measured."""

    feeds: int
    frame_rate: float
    seconds: float
    in_flight: int
    per_feed: list[FeedFigures]
    answered_per_s: float
    tokens_per_s: float | Undefined
    cached_share: float | Undefined
    latency_ms: Percentiles | Undefined
    age_ms: Percentiles | Undefined
    loss: float
    holds: bool
    cpu_share: float
    late_ms: float


class Throughput(Part):
    """Every load that was tried, by feeds, and the most feeds of which each held the deadline (0 if none did)."""

    endpoint: str
    model: str
    deadline_ms: float
    loads: list[LoadFigures]
    largest_holding: int


def load_figures(logs: FeedLogs, *, deadline_ms: float) -> LoadFigures:
    """The figures of one load."""
    load = logs.load
    counted = [_counted(log, logs.start_s) for log in logs.feeds]
    per_feed = [_feed(log, asked, logs) for log, asked in zip(logs.feeds, counted, strict=True)]
    every = [one for asked in counted for one in asked if _came(one)]
    loss = [_loss(one) for one in per_feed]
    return LoadFigures(
        feeds=load.feeds,
        frame_rate=load.frame_rate,
        seconds=load.seconds,
        in_flight=load.in_flight,
        per_feed=per_feed,
        answered_per_s=sum(one.answered_per_s for one in per_feed),
        tokens_per_s=_tokens_per_s([one for log in logs.feeds for one in _within(log, logs)], load.seconds),
        cached_share=_cached_share(every),
        latency_ms=percentiles([_latency_ms(one) for one in every]),
        age_ms=percentiles([_age_ms(one) for one in every]),
        loss=max(loss, default=0.0),
        holds=all(_holds(one, lost, deadline_ms) for one, lost in zip(per_feed, loss, strict=True)),
        cpu_share=logs.cpu_s / logs.wall_s,
        late_ms=1000 * max((log.latest_tick_s for log in logs.feeds), default=0.0),
    )


def largest_holding(try_load: Callable[[int], LoadFigures], *, most: int) -> list[LoadFigures]:
    """The loads tried on the way to the most feeds that hold: doubling until one does not, then halving the gap."""
    tried: dict[int, LoadFigures] = {}
    holds, fails, n = 0, most + 1, 1
    while fails - holds > 1:
        tried[n] = try_load(n)
        holds, fails = (n, fails) if tried[n].holds else (holds, n)
        n = min(2 * n, most) if fails > most and n < most else (holds + fails) // 2
    return [tried[n] for n in sorted(tried)]


def _counted(log: FeedLog, start_s: float) -> list[Asked]:
    return [asked for asked in log.asked if asked.captured_s >= start_s - 1e-9]


def _within(log: FeedLog, logs: FeedLogs) -> list[Asked]:
    """What came between the end of the warm-up and the end, whenever its frame was made."""
    end_s = logs.start_s + logs.load.seconds
    return [one for one in log.asked if _came(one) and logs.start_s <= (one.answered_s or 0.0) < end_s]


def _feed(log: FeedLog, asked: list[Asked], logs: FeedLogs) -> FeedFigures:
    came = [one for one in asked if _came(one)]
    valid = sum(_is_valid(one) for one in came)
    waiting = log.waiting_s is not None and log.waiting_s >= logs.start_s - 1e-9
    dropped = sum(time_s >= logs.start_s - 1e-9 for time_s in log.dropped_s) + waiting
    return FeedFigures(
        frames=len(asked) + dropped,
        answered=len(came),
        invalid=len(came) - valid,
        failed=len(asked) - len(came),
        dropped=dropped,
        answered_per_s=sum(map(_is_valid, _within(log, logs))) / logs.load.seconds,
        latency_ms=percentiles([_latency_ms(one) for one in came]),
        age_ms=percentiles([_age_ms(one) for one in came]),
    )


def _came(asked: Asked) -> bool:
    return asked.answer is not None and asked.answer.status == OK


def _latency_ms(asked: Asked) -> float:
    return 1000 * ((asked.answered_s or 0.0) - asked.sent_s)


def _age_ms(asked: Asked) -> float:
    return 1000 * ((asked.answered_s or 0.0) - asked.captured_s)


def _loss(feed: FeedFigures) -> float:
    lost = feed.dropped + feed.failed + feed.invalid
    return lost / feed.frames if feed.frames else 1.0


def _holds(feed: FeedFigures, loss: float, deadline_ms: float) -> bool:
    age = feed.age_ms
    return loss <= ALLOWED_LOSS and isinstance(age, Percentiles) and age.p95 <= deadline_ms


def _is_valid(asked: Asked) -> bool:
    reply = _reply(asked)
    try:
        choice = reply["choices"][0]
        text = choice["message"].get("content") or ""
        return parse_reply(text, finish_reason=choice.get("finish_reason")).assessment is not None
    except (KeyError, IndexError, TypeError, AttributeError):
        return False


def _reply(asked: Asked) -> Any:
    try:
        return json.loads(asked.answer.body) if asked.answer else {}
    except (ValueError, RecursionError):
        return {}


def _tokens_per_s(came: Sequence[Asked], seconds: float) -> float | Undefined:
    counts = [_tokens(one) for one in came]
    known = [count for count in counts if count is not None]
    return sum(known) / seconds if known else Undefined("the server does not count tokens")


def _tokens(asked: Asked) -> int | None:
    count = _usage(asked).get("completion_tokens")
    return count if isinstance(count, int) else None


def _usage(asked: Asked) -> dict[str, Any]:
    reply = _reply(asked)
    usage = reply.get("usage") if isinstance(reply, dict) else None
    return usage if isinstance(usage, dict) else {}


def _cached_share(came: Sequence[Asked]) -> float | Undefined:
    """Cached prompt tokens over prompt tokens, of the answers that say both."""
    prompt, cached = 0, 0
    for usage in map(_usage, came):
        details = usage.get("prompt_tokens_details")
        known = details.get("cached_tokens") if isinstance(details, dict) else None
        if isinstance(known, int) and isinstance(usage.get("prompt_tokens"), int):
            prompt, cached = prompt + usage["prompt_tokens"], cached + known
    return cached / prompt if prompt else Undefined("the server does not say what it had cached")
