"""A stand-in for a VLM endpoint with known service times: `slots` requests are served at once, the rest queue.

Runs as a process of its own, so that what it costs is not charged to the harness; prints its port when it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

VALID = json.dumps({"reasoning": "Cones narrow the lane.", "level": "SUPERVISION", "action": "Watch."})
TOKENS = 40


def reply(content: str) -> bytes:
    return as_json(
        {
            "choices": [{"message": {"content": content}, "finish_reason": "stop"}],
            "usage": {"completion_tokens": TOKENS},
        }
    )


def as_json(value: object) -> bytes:
    body = json.dumps(value).encode()
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


def said_by(body: bytes, levels: dict[str, str]) -> str:
    """The answer: the level that `levels` gives the request's picture by its SHA-256, else SUPERVISION.

    AUTONOMY where there are levels and none is the picture's.
    """
    if not levels:
        return VALID
    start = body.find(b";base64,") + len(b";base64,")
    picture = base64.b64decode(body[start : body.find(b'"', start)])
    return VALID.replace("SUPERVISION", levels.get(hashlib.sha256(picture).hexdigest(), "AUTONOMY"))


class Service:
    """The queue in front of the slots: first come, first served; service times in turn."""

    def __init__(self, times_s: list[float], slots: int, invalid_every: int, levels: dict[str, str]) -> None:
        self.times, self.levels = cycle(times_s), levels
        self.said: dict[asyncio.Transport, str] = {}
        self.free, self.invalid_every, self.served = slots, invalid_every, 0
        self.queue: deque[asyncio.Transport] = deque()

    def ask(self, transport: asyncio.Transport, body: bytes) -> None:
        self.said[transport] = said_by(body, self.levels)
        self.queue.append(transport)
        self.serve()

    def serve(self) -> None:
        while self.free and self.queue:
            self.free -= 1
            asyncio.get_running_loop().call_later(next(self.times), self.answer, self.queue.popleft())

    def answer(self, transport: asyncio.Transport) -> None:
        self.free += 1
        self.served += 1
        broken = self.invalid_every and self.served % self.invalid_every == 0
        said = self.said.pop(transport, VALID)
        transport.write(reply("no idea" if broken else said))
        self.serve()


class Connection(asyncio.Protocol):
    def __init__(self, service: Service) -> None:
        self.service, self.buffer = service, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        if found and head.startswith(b"GET "):  # which models there are
            self.buffer.clear()
            self.transport.write(as_json({"data": [{"id": "stand-in"}]}))
        elif found and len(rest) >= int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]):
            self.buffer.clear()
            self.service.ask(self.transport, rest)


async def serve(service: Service) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(service), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def a_server(
    *times_s: float, slots: int = 1000, invalid_every: int = 0, levels: Path | None = None
) -> Iterator[str]:
    """The endpoint of a stand-in that runs while the block does. `levels`: what it says of which pictures, as JSON."""
    command = [
        sys.executable,
        str(Path(__file__)),
        "--slots",
        str(slots),
        "--invalid-every",
        str(invalid_every),
        *([] if levels is None else ["--levels", str(levels)]),
    ]
    with subprocess.Popen([*command, *map(str, times_s)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("times_s", type=float, nargs="+")
    parser.add_argument("--slots", type=int, default=1000)
    parser.add_argument("--invalid-every", type=int, default=0)
    parser.add_argument("--levels", type=Path)
    given = parser.parse_args()
    levels = json.loads(given.levels.read_text(encoding="utf-8")) if given.levels else {}
    asyncio.run(serve(Service(given.times_s, given.slots, given.invalid_every, levels)))


if __name__ == "__main__":
    main()
