"""The demo as it runs: the app, the scripted model, and the monitor that asks it about the demo's vehicles.

They begin and end together. If the monitor cannot go on, the app does, and says so itself on the Monitor screen.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from annotator.demo.drawn_drives import MODEL as MINIATURE
from annotator.demo.drawn_drives import DrawnVehicles, miniature_served
from annotator.demo.live_feeds import Vehicles, vehicles
from annotator.demo.scripted_endpoint import MODEL, ScriptedEndpoint, answers_about, served
from annotator.monitor.rules.limits import Limits
from annotator.monitor.service.run import PICTURES, Asked, run_monitor
from annotator.serve import Exposure, server_command
from annotator.settings import AppSettings
from data.demo.miniature.frames import WIDTH_PX
from data.store import Store, open_store

_STOP_WITHIN_S = 15.0


def run_demo(told: AppSettings, exposure: Exposure, drawn: DrawnVehicles | None = None) -> None:
    """Serve the app and watch the vehicles until Ctrl-C. Raises StoreError if the app cannot be served so.

    drawn: watch these instead, judged by the miniature.
    """
    command, environment = server_command(told, exposure)
    asyncio.run(_run(told, command, environment, drawn))


async def _run(
    told: AppSettings, command: list[str], environment: dict[str, str], drawn: DrawnVehicles | None
) -> None:
    stopped = asyncio.Event()
    _on_signals(stopped)
    app = await asyncio.create_subprocess_exec(*command, env=environment)
    gone, watching = asyncio.create_task(app.wait()), asyncio.create_task(_watch(told, drawn))
    try:
        ends: set[asyncio.Task[Any]] = {gone, watching, asyncio.create_task(stopped.wait())}
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if watching in done and (error := watching.exception()) is not None:
            print(f"The demo's monitor has ended: {error}", file=sys.stderr)  # noqa: T201
            _on_signals(stopped)  # the monitor had them
            await asyncio.wait(ends - {watching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        if app.returncode is None:
            app.terminate()
            await asyncio.wait([gone], timeout=_STOP_WITHIN_S)


def _on_signals(stopped: asyncio.Event) -> None:
    """Have Ctrl-C and a termination set the event."""
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)


async def _watch(told: AppSettings, drawn: DrawnVehicles | None) -> None:
    store = open_store(told.workspace, url=told.store)
    try:
        if drawn:
            await _watch_drawn(store, told.workspace, drawn)
        else:
            await _watch_vehicles(store, told.workspace)
    finally:
        store.close()


async def _watch_vehicles(store: Store, workspace: Path) -> None:
    fleet = vehicles(store)
    with served(ScriptedEndpoint(await asyncio.to_thread(_answers, fleet))) as address:
        asked = Asked(endpoints=(address,), model=MODEL)
        await run_monitor(store, fleet.sheet, asked, Limits(), workspace / PICTURES, sources=fleet.sources)


async def _watch_drawn(store: Store, workspace: Path, drawn: DrawnVehicles) -> None:
    async with miniature_served() as address:
        asked = Asked(endpoints=(address,), model=MINIATURE, image_width_px=WIDTH_PX)
        await run_monitor(store, drawn.sheet, asked, Limits(), workspace / PICTURES, sources=drawn.sources)


def _answers(fleet: Vehicles) -> dict[str, str]:
    return answers_about([frame.image for frame in fleet.frames])
