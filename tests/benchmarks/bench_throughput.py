"""What the throughput harness costs and how exact it is: 20 feeds of 10 frames per second against a stand-in.

Prints one JSON object on its last line. The stand-in serves every request in 200 ms, in a process of its own.
"""

from __future__ import annotations

import json
import sys
from functools import partial

from data.vlm.kept_connection import Address
from eval.statistics.percentiles import Percentiles
from eval.throughput.feeds import Load, run_feeds
from eval.throughput.figures import load_figures
from tests.eval.stand_in_server import a_server

SERVICE_MS, FEEDS, FRAME_RATE, SECONDS = 200.0, 20, 10.0, 20.0
IMAGE_BYTES = 60_000


def main() -> None:
    body: dict[str, object] = {
        "model": "stand-in",
        "messages": [{"role": "user", "content": "x" * IMAGE_BYTES}],
    }
    with a_server(SERVICE_MS / 1000) as endpoint:
        address = Address.of(endpoint)
        logs = run_feeds(
            address, partial(address.request, body), Load(FEEDS, FRAME_RATE, SECONDS, in_flight=8)
        )
    found = load_figures(logs, deadline_ms=1000)
    assert isinstance(found.latency_ms, Percentiles)
    figures = {
        "feeds": FEEDS,
        "frames_per_second": FRAME_RATE,
        "request_bytes": IMAGE_BYTES,
        "service_ms": SERVICE_MS,
        "latency_p50_ms": round(found.latency_ms.p50, 2),
        "latency_p95_ms": round(found.latency_ms.p95, 2),
        "latency_error": round(found.latency_ms.p50 / SERVICE_MS - 1, 4),
        "answered_per_s": round(found.answered_per_s, 2),
        "answered_error": round(found.answered_per_s / (FEEDS * FRAME_RATE) - 1, 4),
        "cpu_share_of_one_core": round(found.cpu_share, 4),
        "latest_tick_ms": round(found.late_ms, 1),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
