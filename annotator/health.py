"""For those who run the app: /healthz for whatever restarts it, /metrics for Prometheus.

/healthz answers everybody with one word. /metrics answers whoever brings the token, and without a token only this
machine itself: what comes through a proxy comes from somewhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from annotator.runtime import store
from annotator.settings import settings
from annotator.web.admission import LOOPBACK
from annotator.web.metrics import REGISTRY
from data.hashing import is_same
from data.maintenance.health import is_current, workload
from data.store.opening import Store

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_log = logging.getLogger(__name__)


async def health_route(_request: Request) -> Response:
    """GET: 200 where the store answers and its schema is this release's, else 503."""
    try:
        if await asyncio.to_thread(lambda: is_current(store())):
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "migrations missing"}, 503)
    except Exception:  # noqa: BLE001 - whatever it is, the answer is the same and the log has it
        _log.exception("The store does not answer.")
        return JSONResponse({"status": "store unreachable"}, 503)


async def metrics_route(request: Request) -> Response:
    """GET: what this process and its store count, in Prometheus' text format."""
    if not may_read_metrics(request):
        return PlainTextResponse("Metrics are for this machine, or for who brings their token.", 403)
    content = await asyncio.to_thread(metrics, store())
    return Response(content, headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})


def may_read_metrics(request: Request) -> bool:
    """Whether a request brings the token; where no token is set, whether it comes from this machine directly."""
    token = settings().metrics_token
    if token:
        given = request.headers.get("authorization", "")
        return is_same(given, f"Bearer {token}")
    is_forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
    return not is_forwarded and request.client is not None and request.client.host in LOOPBACK


def metrics(store: Store) -> bytes:
    """The metrics of this process and of its store."""
    asked = CollectorRegistry()
    asked.register(_StoreMetrics(store))
    return generate_latest(REGISTRY) + generate_latest(asked)


class _StoreMetrics(Collector):
    """What the store counts; the same from every process on it."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def collect(self) -> Iterator[Metric]:
        now = workload(self.store)
        yield CounterMetricFamily("teletriage_decisions", "Reviews in the store.", value=now.decisions)
        gauges = {
            "teletriage_queue_frames": ("Frames that still need a review.", now.waiting),
            "teletriage_contested_frames": ("Frames that wait for a lead.", now.contested),
            "teletriage_leases": ("Frames that somebody holds now.", now.leases),
            "teletriage_oldest_lease_seconds": ("Age of the longest-held lease.", now.oldest_lease_s),
        }
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(name, meaning, value=value)

    def describe(self) -> Iterator[Metric]:
        return iter(())
