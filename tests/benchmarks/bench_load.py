"""How long people wait for "All saved" when many of them decide at once on one app process.

Each simulated person does what the card does: posts the decision, then asks for the strip around the next frame and
for every picture that this browser has not loaded yet. Measured is the time from sending a decision to its
acknowledgement. The people run on the same machine as the app. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from sqlmodel import select

from annotator.runtime import COOKIE
from data.people.accounts import sign_in
from data.store.opening import Store
from data.store.tables import Review
from tests.annotator.browser.served import RunningApp
from tests.benchmarks.bench_review import camera_like_picture, percentile
from tests.builders import a_person, a_store

GOAL_MS = 300
PICTURES_AT_ONCE = 4
CORRECTED = 0.05


class Connection:
    """One kept-alive HTTP connection, as cheap for the shared machine as a client can be."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie = port, cookie
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body of one answer; a connection that the server closed is opened anew, once."""
        for attempt in (1, 2):
            try:
                return await self._ask(method, path, body)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError

    async def _ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        host = f"127.0.0.1:{self.port}"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {self.cookie}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(told.split("content-length:")[1].split("\r\n")[0])
        return int(told.split(" ")[1]), await reader.readexactly(length)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass
class Browser:
    """One person's card: a queue of frames, what has been loaded, and how long each decision took to be saved."""

    person_id: int
    main: Connection
    pictures: list[Connection]
    luck: random.Random
    waits_ms: list[float] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    queue: list[dict[str, Any]] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)
    loading: asyncio.Task[None] | None = None

    async def sync(self, outbox: list[dict[str, Any]]) -> list[dict[str, Any]]:
        body = {"person": self.person_id, "outbox": outbox, "offset_min": 0}
        status, content = await self.main.ask("POST", "/card/sync", json.dumps(body).encode())
        if status != 200:
            self.problems.append(f"{status} {content[:120]!r}")
            return []
        told = json.loads(content)
        decided = {entry["frame_id"] for entry in outbox}
        self.queue = [item for item in told["frames"] if item["frame"] not in decided]
        acknowledged: list[dict[str, Any]] = told["acknowledged"]
        return acknowledged

    async def decide(self) -> None:
        """Answer the frame on screen and look at the next one."""
        if not self.queue:
            self.problems.append("no frame to decide on")
            await self.sync([])
            return
        entry = self._decision(self.queue[0])
        begun = time.perf_counter()
        (acknowledged,) = await self.sync([entry]) or [{"saved": False, "reason": "no answer"}]
        if acknowledged["saved"]:
            self.waits_ms.append(1000 * (time.perf_counter() - begun))
            self.tokens.append(entry["token"])
        else:
            self.problems.append(str(acknowledged["reason"]))
        if self.loading is None or self.loading.done():
            self.loading = asyncio.create_task(self.look())

    def _decision(self, item: dict[str, Any]) -> dict[str, Any]:
        entry = {
            "kind": "decision",
            "token": secrets.token_hex(16),
            "frame_id": item["frame"],
            "level": "SUPERVISION",
            "guideline_version": "bench",
            "seconds_shown": 1.5,
        }
        if "proposal" not in item or self.luck.random() < CORRECTED:
            words = {"reasoning": "A crane stands across the lane.", "action": "Take control."}
            return {**entry, "level": "TELEOPERATION", **words}
        return entry

    async def look(self) -> None:
        """Load the pictures ahead and the strip around the frame on screen, as the card does."""
        wanted = [item["picture"] for item in self.queue[:6]]
        if self.queue:
            body = {"person": self.person_id, "frame": self.queue[0]["frame"]}
            status, content = await self.pictures[0].ask("POST", "/card/strip", json.dumps(body).encode())
            if status == 200:
                wanted += [one["thumb"] for one in json.loads(content)["strip"]]
        fresh = [address for address in wanted if address not in self.loaded]
        self.loaded.update(fresh)
        await asyncio.gather(
            *(
                self._load(connection, fresh[n :: len(self.pictures)])
                for n, connection in enumerate(self.pictures)
            )
        )

    async def _load(self, connection: Connection, addresses: Sequence[str]) -> None:
        for address in addresses:
            status, _ = await connection.ask("GET", f"/{address}")
            if status != 200:
                self.problems.append(f"{status} for a picture")

    async def work(self, *, every_s: float, until: float) -> None:
        """Decide at a steady pace; whoever is kept waiting loses that turn instead of catching up."""
        await asyncio.sleep(self.luck.random() * every_s)
        while (now := time.monotonic()) < until:
            await self.decide()
            await asyncio.sleep(max(0.0, now + every_s - time.monotonic()))

    def close(self) -> None:
        if self.loading is not None:
            self.loading.cancel()
        for connection in (self.main, *self.pictures):
            connection.close()


@contextmanager
def served_frames(frames: int) -> Iterator[tuple[RunningApp, Store]]:
    """An app with as many frames, whose pictures are as large and as hard to decode as a camera's."""
    with tempfile.TemporaryDirectory(prefix="bench-load-") as name:
        folder = Path(name)
        scenes = {f"scene-{number:04}": 40 for number in range(1, 1 + -(-frames // 40))}
        store = a_store(folder, scenes=scenes)
        contents = [camera_like_picture(number) for number in range(8)]
        originals = [folder / f"camera-{number}.jpg" for number in range(len(contents))]
        for original, content in zip(originals, contents, strict=True):
            original.write_bytes(content)
        for number, picture in enumerate(sorted((folder / "dataroot" / "samples").rglob("*.jpg"))):
            picture.unlink()
            os.link(originals[number % len(originals)], picture)
        app = RunningApp(folder / "workspace", store)
        app.start()
        try:
            yield app, store
        finally:
            app.stop()
            store.close()


@asynccontextmanager
async def browsers(app: RunningApp, store: Store, people: int, stage: int) -> AsyncIterator[list[Browser]]:
    """So many people, signed in, each with frames on the screen."""
    made = []
    for number in range(people):
        name = f"person-{stage}-{number}"
        person_id = a_person(store, name)
        cookie = f"{COOKIE}={sign_in(store, name, f'password-{name}')}"
        lines = [Connection(app.port, cookie) for _ in range(PICTURES_AT_ONCE)]
        made.append(Browser(person_id, Connection(app.port, cookie), lines, random.Random(person_id)))
    for browser in made:
        await browser.sync([])
        await browser.look()
    try:
        yield made
    finally:
        for browser in made:
            browser.close()


async def measure(
    app: RunningApp, store: Store, *, people: int, every_s: float, seconds: float, stage: int = 0
) -> dict[str, Any]:
    """One stage of the benchmark: so many people for so long."""
    async with browsers(app, store, people, stage) as group:
        before_s = _cpu_s(app)
        begun = time.monotonic()
        await asyncio.gather(*(one.work(every_s=every_s, until=begun + seconds) for one in group))
        lasted_s = time.monotonic() - begun
        cpu = (_cpu_s(app) - before_s) / lasted_s
    waits = [wait for one in group for wait in one.waits_ms] or [float("inf")]
    problems = [problem for one in group for problem in one.problems]
    for problem in sorted(set(problems)):
        print(f"  {problems.count(problem):,} times: {problem}", file=sys.stderr)
    return {
        "people": people,
        "every_s": every_s,
        "seconds": round(lasted_s, 1),
        "decisions": len(waits),
        "decisions_per_s": round(len(waits) / lasted_s, 1),
        "p50_ms": round(median(waits), 1),
        "p95_ms": round(percentile(waits, 0.95), 1),
        "max_ms": round(max(waits), 1),
        "problems": len(problems),
        **_kept(store, group),
        "server_cores": round(cpu, 2),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _cpu_s(app: RunningApp) -> float:
    assert app.process is not None
    times = psutil.Process(app.process.pid).cpu_times()
    return float(times.user + times.system)


def _kept(store: Store, group: Sequence[Browser]) -> dict[str, int]:
    """How many acknowledged decisions the store does not have, or has more than once."""
    acknowledged = {token for one in group for token in one.tokens}
    people = {one.person_id for one in group}
    with store.read() as session:
        stored = [row for row in session.exec(select(Review)) if row.person_id in people]
    each = {(row.person_id, row.frame_id) for row in stored}
    return {"lost": len(acknowledged - {row.token for row in stored}), "doubled": len(stored) - len(each)}


def run(people: Sequence[int], *, frames: int, every_s: float, seconds: float) -> dict[str, Any]:
    """Every stage on the same app, and the verdict on the first."""
    with served_frames(frames) as (app, store):
        stages = []
        for stage, count in enumerate(people):
            stages.append(
                asyncio.run(measure(app, store, people=count, every_s=every_s, seconds=seconds, stage=stage))
            )
            print(json.dumps(stages[-1]), file=sys.stderr)
    return {"frames": frames, "goal_ms": GOAL_MS, "stages": stages}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--people", type=int, nargs="+", default=[25], help="how many decide at once, by stage"
    )
    parser.add_argument("--frames", type=int, default=9_500, help="frames in the store")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between a person's decisions")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a stage")
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.people, frames=chosen.frames, every_s=chosen.every, seconds=chosen.seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
