"""What the app sends to a monitor that is gone opens nothing, and what answers there is not shown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from annotator.monitor.console.link import Link
from annotator.monitor.service.listener import KEY_NAME, listener_key
from annotator.monitor.service.proof import ASKED, PROVEN, MonitorAway, answering, is_asked
from data.store import Store
from data.store.tables import Watch
from tests.builders import a_store
from tests.data.feeds import a_watch


class _Squatter(BaseHTTPRequestHandler):
    """Whoever listens at the old port: keeps what comes and answers like a monitor."""

    heard: list[tuple[dict[str, str], bytes]]
    proof: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header(PROVEN, self.proof)
        self.end_headers()
        self.wfile.write(b'{"feeds": []}')

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def squatted(tmp_path: Path) -> Iterator[Store]:
    store = a_store(tmp_path)
    _Squatter.heard, _Squatter.proof = [], "made-up"
    server = HTTPServer(("127.0.0.1", 0), _Squatter)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    watch = a_watch(store, tmp_path)
    with store.write() as session:
        session.get_one(Watch, watch.watch_id).listens_at = f"http://127.0.0.1:{server.server_port}"
    yield store
    server.shutdown()
    thread.join()
    server.server_close()


def test_whoever_listens_at_a_dead_monitors_port_gets_no_key_and_is_not_shown(squatted: Store) -> None:
    with pytest.raises(MonitorAway, match="something else listens at its address"):
        asyncio.run(Link(squatted).ask("live", {}))
    ((headers, body),) = _Squatter.heard
    key = listener_key(squatted.secret(KEY_NAME))
    assert key not in str(headers)
    assert is_asked(key, 1, "/live", headers[ASKED], body)
    # What was heard asks nothing else, and nothing of the next watch.
    assert not is_asked(key, 2, "/live", headers[ASKED], body)
    assert not is_asked(key, 1, "/call", headers[ASKED], body)
    assert not is_asked(key, 1, "/live", headers[ASKED], b'{"feed": "van"}')


def test_the_proof_of_one_answer_serves_no_other(squatted: Store) -> None:
    key = listener_key(squatted.secret(KEY_NAME))
    _Squatter.proof = answering(key, "another request's", 200, httpx.Headers(), b'{"feeds": []}')
    with pytest.raises(MonitorAway, match="something else listens at its address"):
        asyncio.run(Link(squatted).ask("live", {}))
