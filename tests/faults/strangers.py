"""What people without a sign-in can do to somebody who works: pages, passwords, sockets and foreign origins at once.

`python -m tests.faults.strangers` runs this part of `make soak` alone; its last line is one JSON object. The app's way
to the internet ends at a listener that never answers, as behind a firewall that drops what goes out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from annotator.runtime import COOKIE
from data.people.accounts import sign_in
from data.vocabulary import Mode
from tests.annotator.browser.served import RunningApp, hold
from tests.annotator.review_card.test_outbox import an_entry
from tests.benchmarks.bench_review import percentile
from tests.builders import a_person, a_store

PAGES, SIGN_INS, SOCKETS, FOREIGN = 500, 300, 1000, 100
AT_ONCE = 100
THINK_S = 0.3
LIMIT_MS = 1000.0
_SLOW_S = 120.0


@contextmanager
def nobody_answers() -> Iterator[int]:
    """A port that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield int(listener.getsockname()[1])


async def many(what: Callable[[int], Awaitable[str]], n: int) -> dict[str, int]:
    """How n of something went, AT_ONCE at a time."""
    turn, told = asyncio.Semaphore(AT_ONCE), Counter[str]()

    async def one(number: int) -> None:
        async with turn:
            try:
                told[await what(number)] += 1
            except (httpx.HTTPError, OSError, WebSocketException, TimeoutError) as error:
                told[type(error).__name__] += 1

    await asyncio.gather(*(one(number) for number in range(n)))
    return dict(sorted(told.items()))


async def attack(url: str, cookie: str) -> dict[str, Any]:
    """All of it at once. `cookie`: of somebody whose browser is on a foreign page."""
    where, own = url.removeprefix("http://").rstrip("/"), url.rstrip("/")
    async with httpx.AsyncClient(base_url=url, timeout=_SLOW_S, trust_env=False) as client:

        async def page(number: int) -> str:
            return str((await client.get("/" if number % 2 else "/adjudicate")).status_code)

        async def password(number: int) -> str:
            form = {"user": f"nobody-{number}", "password": "guess"}
            return str((await client.post("/sign-in", data=form, headers={"origin": own})).status_code)

        async def opened(origin: str | None, headers: dict[str, str]) -> str:
            try:
                target: Any = origin
                async with connect(
                    f"ws://{where}/_stcore/stream", origin=target, additional_headers=headers, proxy=None,
                    open_timeout=_SLOW_S,
                ):  # fmt: skip
                    return "open"
            except InvalidStatus as refused:
                return str(refused.response.status_code)

        def without_a_sign_in(number: int) -> Awaitable[str]:
            return opened(own, {})

        def from_elsewhere(number: int) -> Awaitable[str]:
            return opened("https://elsewhere.example", {"Cookie": f"{COOKIE}={cookie}"} if number % 2 else {})

        pages, passwords, sockets, foreign = await asyncio.gather(
            many(page, PAGES),
            many(password, SIGN_INS),
            many(without_a_sign_in, SOCKETS),
            many(from_elsewhere, FOREIGN),
        )
    return {"pages": pages, "sign_ins": passwords, "sockets": sockets, "foreign_origins": foreign}


def work(url: str, person: int, cookie: str, frames: list[str], until: Callable[[], bool]) -> list[float]:
    """Decide on one frame after the other; seconds from sending each to its acknowledgement."""
    waits: list[float] = []
    headers = {"origin": url.rstrip("/"), "cookie": f"{COOKIE}={cookie}"}
    with httpx.Client(base_url=url, timeout=_SLOW_S, headers=headers, trust_env=False) as client:
        while not until() and frames:
            words = {"reasoning": "Cones narrow the lane.", "action": "Watch the feed."}
            frame = frames.pop()
            entry = an_entry(frame, token=f"stranger-{frame}"[:60], **words)
            begun = time.perf_counter()
            answer = client.post("/card/sync", json={"person": person, "outbox": [entry]})
            waits.append(time.perf_counter() - begun)
            assert [one["saved"] for one in answer.json()["acknowledged"]] == [True], answer.text
            time.sleep(THINK_S)
    return waits


def strangers(folder: Path) -> dict[str, Any]:
    """A served app with one annotator at work, and all of it. `slow_under_attack`: 1 if their p95 is over a second."""
    store = a_store(folder, scenes={f"scene-{number:04}": 40 for number in range(1, 11)})
    ada, _ = a_person(store, "ada"), a_person(store, "eve")
    cookies = {name: sign_in(store, name, f"password-{name}") for name in ("ada", "eve")}
    app = RunningApp(folder / "workspace", store)
    with nobody_answers() as port:
        outwards = dict.fromkeys(
            ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), f"http://127.0.0.1:{port}"
        )
        os.environ.update(outwards)
        try:
            app.start()
            return _under_attack(app, ada, cookies)
        finally:
            for name in outwards:
                os.environ.pop(name)
            app.stop()
            store.close()


def _under_attack(app: RunningApp, ada: int, cookies: dict[str, str]) -> dict[str, Any]:
    frames = hold(app.store, ada, Mode.BLIND, n=200)
    calm = work(app.url, ada, cookies["ada"], frames, iter([False] * 20 + [True]).__next__)
    command = [
        sys.executable,
        "-m",
        "tests.faults.strangers",
        "--attack",
        app.url,
        "--cookie",
        cookies["eve"],
    ]
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as attackers:
        waits = work(app.url, ada, cookies["ada"], frames, lambda: attackers.poll() is not None)
        told = attackers.communicate()[0]
    p95_ms = 1e3 * percentile(waits, 0.95)
    return {
        **json.loads(told.splitlines()[-1]),
        "attack_s": round(time.monotonic() - begun, 1),
        "decisions": len(waits),
        "calm_p95_ms": round(1e3 * percentile(calm, 0.95), 1),
        "p50_ms": round(1e3 * percentile(waits, 0.5), 1),
        "p95_ms": round(p95_ms, 1),
        "slowest_ms": round(1e3 * max(waits), 1),
        "slow_under_attack": int(p95_ms > LIMIT_MS),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attack", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--cookie", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.attack:
        print(json.dumps(asyncio.run(attack(chosen.attack, chosen.cookie))))
        return 0
    with tempfile.TemporaryDirectory(prefix="strangers-") as folder:
        figures = strangers(Path(folder))
    print(json.dumps(figures))
    return int(figures["slow_under_attack"])


if __name__ == "__main__":
    sys.exit(main())
