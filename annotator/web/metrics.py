"""What one app process counts about itself, for Prometheus. What the store knows is asked of the store instead."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry(auto_describe=True)
_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUEST_SECONDS = Histogram(
    "teletriage_request_seconds",
    "Seconds until an answer of this process; card/sync is what a decision waits for.",
    ["route"],
    registry=REGISTRY,
    buckets=_BUCKETS_S,
)
ERRORS = Counter(
    "teletriage_errors", "Answers of this process with a server error.", ["route"], registry=REGISTRY
)
