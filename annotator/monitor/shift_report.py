"""The report of a shift: how fast alerts came and were answered, how often, and how far operators and model agree, and
its situations in the words of `evaluate --events`.

Data first; every figure with its n and what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from scipy.stats import chi2

from annotator.monitor.shift_events import DEFINITIONS, event_lines, shift_events
from data.live.shift import Shift, read_shift
from data.store.opening import Store
from data.text.phrases import counted
from data.vocabulary import LEVELS, Response
from eval.episodes.figures import EventFigures
from eval.statistics.intervals import wilson
from eval.statistics.percentiles import percentiles
from eval.statistics.rate import Rate, Undefined

CONFIDENCE = 0.95
_HOUR_S = 3600.0


def shift_report(store: Store, *, hours: float) -> dict[str, Any]:
    """The figures of the last so many hours."""
    return figures(read_shift(store, hours=hours))


def figures(shift: Shift) -> dict[str, Any]:
    """From the rows of a shift to its figures. Times in seconds; shares with Wilson's 95 % interval."""
    minutes, alerts = shift.minutes, [alert for alert in shift.alerts if not alert.called]
    feed_h = sum(minute.feed_s for minute in minutes) / _HOUR_S
    answers = sum(minute.answers for minute in minutes)
    seen = [alert for alert in alerts if alert.shown_at_us is not None]
    answered = [(answer, alert) for answer, alert, _ in shift.answers]
    asked_for = [(answer, alert) for answer, alert in answered if not alert.called]
    return {
        "from": _when(shift.from_us),
        "to": _when(shift.to_us),
        "watches": len(shift.watches),
        "feed_hours": round(feed_h, 3),
        "by_eye": _share_of_time(shift),
        "answers": {"n": answers, "per_s": _per_s(shift, answers)},
        "stale": _share(sum(minute.stale for minute in minutes), answers),
        "failed": _share(sum(minute.failed for minute in minutes), answers),
        "alerts": {
            "n": len(alerts),
            "by_level": {level.value: sum(alert.level is level for alert in alerts) for level in LEVELS[1:]},
            "per_feed_hour": per_hour(len(alerts), feed_h),
        },
        "alert_latency_s": _times([(alert.shown_at_us or 0) - alert.captured_at_us for alert in seen]),
        "not_shown": len(alerts) - len(seen),
        "operator_response_s": _times(
            [answer.answered_at_us - (alert.shown_at_us or 0) for answer, alert in asked_for]
        ),
        "responses": dict(Counter(answer.response.value for answer, _ in answered)),
        "disagreement": _share(
            sum(answer.response.level is not alert.level for answer, alert in answered), len(answered)
        ),
        "taken_over_unasked": len(shift.alerts) - len(alerts),
        "unanswered": len({alert.id for alert in alerts} - {alert.id for _, alert in answered}),
        "ended_unanswered": {
            "n": len(shift.unanswered),
            "by_level": {
                level.value: sum(alert.level is level and alert.id in shift.unanswered for alert in alerts)
                for level in LEVELS[1:]
            },
            "acknowledged": len(shift.acknowledged),
            "waiting": len(shift.unanswered - shift.acknowledged),
        },
        "events": shift_events(shift).model_dump(mode="json"),
        "event_definitions": DEFINITIONS,
        "returned": dict(Counter(one.why.value for one in shift.returned)),
        "operators": _operators(shift),
    }


def per_hour(n: int, hours: float) -> dict[str, Any]:
    """Events per hour with the exact interval of a Poisson rate (Garwood 1936).

    >>> found = per_hour(10, 2.0)
    >>> found["value"], [round(end, 2) for end in found["interval"]]
    (5.0, [2.4, 9.2])
    """
    if hours <= 0:
        return {"value": None, "n": n, "interval": None}
    outside = 1 - CONFIDENCE
    low = chi2.ppf(outside / 2, 2 * n) / 2 if n else 0.0
    high = chi2.ppf(1 - outside / 2, 2 * n + 2) / 2
    return {"value": n / hours, "n": n, "interval": [float(low) / hours, float(high) / hours]}


def _share(count: int, n: int) -> dict[str, Any]:
    if n == 0:
        return {"value": None, "count": 0, "n": 0, "interval": None}
    found = wilson(Rate(count, n))
    return {"value": count / n, "count": count, "n": n, "interval": [found.low, found.high]}


def _share_of_time(shift: Shift) -> dict[str, Any]:
    """The share of all feeds' time in which a person had to look; a measurement of all of it, so no interval."""
    feed_s = sum(minute.feed_s for minute in shift.minutes)
    manual_s = sum(minute.manual_s for minute in shift.minutes)
    return {"value": manual_s / feed_s if feed_s else None, "feed_hours": round(feed_s / _HOUR_S, 3)}


def _per_s(shift: Shift, answers: int) -> float | None:
    """Answers per second while a watch ran within the shift."""
    ran_us = sum(
        max(0, (watch.ended_at_us or watch.seen_at_us) - max(watch.started_at_us, shift.from_us))
        for watch in shift.watches
    )
    return round(answers / (ran_us / 1e6), 2) if ran_us else None


def _times(times_us: Sequence[int]) -> dict[str, Any]:
    found = percentiles([time_us / 1000 for time_us in times_us])
    if isinstance(found, Undefined):
        return {"n": 0, "p50": None, "p95": None, "p99": None}
    return {
        "n": len(times_us),
        **{name: round(value / 1000, 3) for name, value in found.model_dump().items()},
    }


def _operators(shift: Shift) -> dict[str, dict[str, int]]:
    by_person: dict[str, Counter[str]] = {}
    for answer, _, person in shift.answers:
        by_person.setdefault(person.name, Counter())[answer.response.value] += 1
    return {name: dict(counts) for name, counts in sorted(by_person.items())}


def _when(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, tz=UTC).isoformat(timespec="seconds")


def report_text(report: dict[str, Any]) -> str:
    """The report for reading at a terminal."""
    alerts, disagreement = report["alerts"], report["disagreement"]
    missed = report["ended_unanswered"]
    lines = [
        f"Shift from {_readable(report['from'])} to {_readable(report['to'])} UTC",
        f"  {report['feed_hours']:g} feed-hours watched, {_percent(report['by_eye'])} of them by eye",
        f"  {report['answers']['n']:,} answers ({report['answers']['per_s'] or 0:g} per second), "
        f"{_percent(report['stale'])} stale, {_percent(report['failed'])} failed",
        f"  {counted(alerts['n'], 'alert')} ({alerts['by_level']['TELEOPERATION']:,} TELEOPERATION), {_rate(alerts)}",
        f"  from capture to screen: {_spread(report['alert_latency_s'])}; {report['not_shown']:,} on no screen",
        f"  operators' response: {_spread(report['operator_response_s'])}; "
        f"{counted(report['unanswered'], 'alert')} without one, open ones and those that rose further included",
        f"  {counted(missed['n'], 'alert')} ended without an answer "
        f"({missed['by_level']['TELEOPERATION']:,} TELEOPERATION); {missed['waiting']:,} not acknowledged",
        f"  {report['responses'].get(Response.TAKEN_OVER.value, 0):,} taken over, "
        f"{report['responses'].get(Response.WATCHING.value, 0):,} watched, "
        f"{report['responses'].get(Response.NOT_NEEDED.value, 0):,} not needed, "
        f"{report['taken_over_unasked']:,} taken over unasked; "
        f"another level than the model's: {_percent(disagreement)}",
        *(f"  {line}" for line in event_lines(EventFigures.model_validate(report["events"]))),
        f"  {sum(report['returned'].values()):,} frames came back into review",
    ]
    return "\n".join(lines)


def _readable(when: str) -> str:
    """A time of the report at a terminal.

    >>> _readable("2026-11-30T11:11:29+00:00")
    '2026-11-30 11:11:29'
    """
    return when.partition("+")[0].replace("T", " ")


def _percent(share: dict[str, Any]) -> str:
    if share["value"] is None:
        return "no share"
    interval = share.get("interval")
    ends = f" ({interval[0]:.1%} to {interval[1]:.1%}, n = {share['n']:,})" if interval else ""
    return f"{share['value']:.1%}{ends}"


def _rate(alerts: dict[str, Any]) -> str:
    rate = alerts["per_feed_hour"]
    if rate["value"] is None:
        return "no feed-hours yet"
    low, high = rate["interval"]
    return f"{rate['value']:.2f} per feed-hour ({low:.2f} to {high:.2f})"


def _spread(times: dict[str, Any]) -> str:
    if not times["n"]:
        return "none measured"
    return f"median {times['p50']:g} s, 95 % within {times['p95']:g} s (n = {times['n']:,})"
