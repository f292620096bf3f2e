"""A server that cuts words into assertions as a test tells it, and can refuse, overflow or die like a real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Parts = dict[str, str]
MODEL = "tiny-lm"


def an_assertion(part: str, kind: str, value: str, words: str, **more: Any) -> dict[str, Any]:
    """One assertion of a reply."""
    given = {"noun": None, "noun_words": None, "amount": 0, "is_negated": False, **more}
    return {"part": part, "kind": kind, "value": value, "words": words, **given}


def a_reply(*assertions: dict[str, Any]) -> str:
    return json.dumps({"assertions": assertions})


@dataclass
class CuttingStandIn:
    """`says`: the reply to the texts; an int is an HTTP status instead. `dies_after`: so many answers, then every
    connection is dropped."""

    says: Callable[[Parts], str | int]
    dies_after: int | None = None
    finish: str = "stop"
    bodies: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @property
    def asked(self) -> list[Parts]:
        return [json.loads(body["messages"][1]["content"]) for body in self.bodies]


@contextmanager
def cutting(stand_in: CuttingStandIn) -> Iterator[CuttingStandIn]:
    """Serve on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({"data": [{"id": MODEL, "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if stand_in.dies_after is not None and len(stand_in.bodies) >= stand_in.dies_after:
                self.close_connection = True
                self.connection.close()
                return
            stand_in.bodies.append(body)
            said = stand_in.says(stand_in.asked[-1])
            if isinstance(said, int):
                self._answer({"error": {"message": "the stand-in was told to refuse"}}, said)
                return
            message = {"role": "assistant", "content": said}
            self._answer({"choices": [{"index": 0, "message": message, "finish_reason": stand_in.finish}]})

        def _answer(self, value: dict[str, Any], status: int = 200) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

        def finish(self) -> None:
            if not self.wfile.closed:
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
