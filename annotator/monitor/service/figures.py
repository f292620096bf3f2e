"""The monitor's own figures for Prometheus: counters since it began, gauges of now, and how long things took."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from annotator.monitor.watching.clips import Clips
from annotator.monitor.watching.monitor import Monitor
from data.vocabulary import LEVELS, ManualReason
from eval.guarantee.follow import Standing
from eval.statistics.percentiles import percentiles
from eval.statistics.rate import Undefined


def prometheus_text(monitor: Monitor) -> str:
    """All figures in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Figures(monitor))
    return generate_latest(registry).decode()


class _Figures(Collector):
    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        monitor, whole = self._monitor, self._monitor.feeds.tally.whole
        counters = {
            "frames": (whole.frames, "Frames that came from feeds"),
            "answers": (whole.answers, "Answers of the model"),
            "stale_answers": (whole.stale, "Answers that came too late to be used"),
            "failed_answers": (
                whole.failed,
                "Replies without an assessment, and requests that reached nobody",
            ),
            "dropped_frames": (whole.dropped, "Frames that gave way to newer ones"),
            "alerts": (monitor.feeds.tally.alerts, "Alerts raised"),
            "feed_seconds": (whole.feed_s, "Seconds of feeds watched, summed over feeds"),
            "manual_feed_seconds": (whole.manual_s, "Of those, seconds of manual monitoring"),
        }
        for name, (value, meaning) in counters.items():
            yield CounterMetricFamily(f"teletriage_monitor_{name}", meaning, value=value)
        yield from self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        monitor = self._monitor
        feeds = list(monitor.feeds.values())
        by_level = GaugeMetricFamily("teletriage_monitor_feeds", "Feeds by what is shown", labels=["shown"])
        for level in LEVELS:
            by_level.add_metric([level.value], sum(feed.shown is level for feed in feeds))
        by_level.add_metric(["UNKNOWN"], sum(feed.shown is None for feed in feeds))
        yield by_level
        by_eye = GaugeMetricFamily("teletriage_monitor_manual", "Feeds by eye, by reason", labels=["reason"])
        for reason in ManualReason:
            by_eye.add_metric([reason.value], sum(feed.manual is reason for feed in feeds))
        yield by_eye
        yield GaugeMetricFamily("teletriage_monitor_held", "Feeds that can be held", value=monitor.load.held)
        if monitor.feeds.clips is not None:
            yield from _of_clips(monitor.feeds.clips)
        if (blurring := monitor.feeds.blurring) is not None:
            kept = CounterMetricFamily(
                "teletriage_monitor_blurred_pictures",
                "Pictures that were blurred before they were kept, and those withheld since that failed",
                labels=["outcome"],
            )
            kept.add_metric(["blurred"], blurring.blurred)
            kept.add_metric(["withheld"], blurring.withheld)
            yield kept
        if (standing := monitor.feeds.guarantee) is not None:
            yield from _of_guarantee(standing, monitor.feeds.tally.undecided)
        took = GaugeMetricFamily(
            "teletriage_monitor_seconds", "Recent times, nearest rank", labels=["what", "quantile"]
        )
        for what, times_s in (
            ("service", monitor.feeds.tally.service_s),
            ("alert_behind_service", monitor.feeds.tally.alert_behind_service_s),
        ):
            found = percentiles([1000 * value for value in times_s])
            if not isinstance(found, Undefined):
                for quantile, value in (("0.5", found.p50), ("0.95", found.p95), ("0.99", found.p99)):
                    took.add_metric([what, quantile], value / 1000)
        yield took


def _of_clips(clips: Clips) -> Iterator[Metric]:
    made = CounterMetricFamily(
        "teletriage_monitor_clips", "Alerts of which a clip was made, or none", labels=["outcome"]
    )
    for outcome, n in (
        ("whole", clips.counts.whole),
        ("lacking", clips.counts.lacking),
        ("none", clips.counts.none),
    ):
        made.add_metric([outcome], n)
    yield made
    gauges = {
        "ring_bytes": (clips.ring.bytes, "Pictures of the last ten seconds of all feeds, in memory"),
        "ring_most_bytes": (clips.ring.most_bytes, "Beyond so many bytes the oldest of them go"),
        "spool_bytes": (clips.counts.spool_bytes, "Pictures on the disk that wait to become clips"),
        "clip_bytes": (clips.counts.clip_bytes, "Clips on the disk"),
    }
    for name, (value, meaning) in gauges.items():
        yield GaugeMetricFamily(f"teletriage_monitor_{name}", meaning, value=value)


def _of_guarantee(standing: Standing, undecided: int) -> Iterator[Metric]:
    gauges = {
        "withdrawn": (int(standing.is_withdrawn), "1 once live frames have spoken against the guarantee"),
        "frames": (standing.frames, "Random live frames that people verified TELEOPERATION"),
        "misses": (standing.misses, "Of those, frames that the decision did not call"),
        "undecided": (undecided, "Answers without probabilities, which the guarantee does not cover"),
        "stake": (standing.stake, "Evidence against the guarantee; it is withdrawn at 20"),
    }
    for name, (value, meaning) in gauges.items():
        yield GaugeMetricFamily(f"teletriage_monitor_guarantee_{name}", meaning, value=value)
