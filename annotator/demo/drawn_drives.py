"""Live feeds for the demo that a model judges: drawn drives before the miniature, served as its own process."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from annotator.monitor.sources.feed_sheet import FeedEntry, FeedSheet
from annotator.monitor.sources.recorded import Recorded, Replay
from data.demo.miniature.drives import FRAME_S, FRAMES, draw_drive, drives
from data.errors import FeedError

MODEL = "miniature"
_FOLDER = "miniature-drives"
_APART_S = 4.0
_STARTS_WITHIN_S, _STOPS_WITHIN_S = 90.0, 5.0


@dataclass(frozen=True)
class DrawnVehicles:
    """Feeds named after the miniature, and where their pictures come from."""

    sheet: FeedSheet
    sources: list[Replay]


def drawn_vehicles(workspace: Path, progress: Callable[[int, int], None] | None = None) -> DrawnVehicles:
    """The drives, drawn if they are not there yet: about a minute of processor time."""
    entries, sources, done = [], [], 0
    planned = drives()

    def one_more() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(planned) * FRAMES)

    for place, drive in enumerate(planned):
        paths = draw_drive(drive, workspace / _FOLDER, progress=one_more)
        frames = [Recorded(None, path, round(number * FRAME_S * 1e6)) for number, path in enumerate(paths)]
        entries.append(FeedEntry(name=drive.name, folder=str(workspace / _FOLDER)))
        sources.append(Replay(frames, begin_s=place * _APART_S))
    return DrawnVehicles(FeedSheet(feeds=entries), sources)


@asynccontextmanager
async def miniature_served() -> AsyncIterator[str]:
    """The miniature behind an endpoint until the block ends; yields the address. Raises FeedError if it does not
    start: training's packages may be missing."""
    port = _free_port()
    command = [sys.executable, "-m", "annotator", "stand-in", "serve", "--aligned", "--port", str(port)]
    server = await asyncio.create_subprocess_exec(*command)
    try:
        await _ready(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        if server.returncode is None:
            server.terminate()
            await asyncio.wait_for(server.wait(), _STOPS_WITHIN_S)


def _free_port() -> int:
    with socket.socket() as channel:
        channel.bind(("127.0.0.1", 0))
        return int(channel.getsockname()[1])


async def _ready(address: str, server: asyncio.subprocess.Process) -> None:
    until = asyncio.get_running_loop().time() + _STARTS_WITHIN_S
    async with httpx.AsyncClient() as client:
        while server.returncode is None and asyncio.get_running_loop().time() < until:
            try:
                if (await client.get(address)).is_success:
                    return
            except httpx.HTTPError:
                await asyncio.sleep(0.3)
    raise FeedError("The miniature did not start; teletriage stand-in serve --aligned says why.")
