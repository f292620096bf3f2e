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
from annotator.monitor.service.ending import on_signals
from annotator.monitor.service.run import PICTURES, Asked, run_monitor
from annotator.serve import Exposure, server_command
from annotator.settings import AppSettings
from data.demo.miniature.frames import WIDTH_PX
from data.demo.miniature.kept import kept_decision
from data.store import Store, open_store
from data.terminal import INTERRUPTED

CLIPS_DAYS = 1.0
_STOP_WITHIN_S = 15.0


def run_demo(told: AppSettings, exposure: Exposure, drawn: DrawnVehicles | None = None) -> None:
    """Serve the app and watch the vehicles until Ctrl-C, which is raised. Raises StoreError if the app cannot be
    served so.

    drawn: watch these instead, judged by the miniature.
    """
    command, environment = server_command(told, exposure)
    if asyncio.run(_run(told, command, environment, drawn)):
        raise KeyboardInterrupt


async def _run(
    told: AppSettings, command: list[str], environment: dict[str, str], drawn: DrawnVehicles | None
) -> bool:
    """Whether it was Ctrl-C that ended it."""
    stopped = asyncio.Event()
    came = on_signals(stopped)
    app = await asyncio.create_subprocess_exec(*command, env=environment)
    gone, watching = asyncio.create_task(app.wait()), asyncio.create_task(_watch(told, drawn))
    try:
        ends: set[asyncio.Task[Any]] = {gone, watching, asyncio.create_task(stopped.wait())}
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if watching in done and (error := watching.exception()) is not None:
            print(f"The demo's monitor has ended: {error}", file=sys.stderr)  # noqa: T201
            came = on_signals(stopped)  # the monitor had them
            await asyncio.wait(ends - {watching}, return_when=asyncio.FIRST_COMPLETED)
        elif watching in done and watching.result():
            return True
        return signal.SIGINT in came or app.returncode == INTERRUPTED
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        if app.returncode is None:
            app.terminate()
            await asyncio.wait([gone], timeout=_STOP_WITHIN_S)


async def _watch(told: AppSettings, drawn: DrawnVehicles | None) -> bool:
    """Whether it was Ctrl-C that ended it."""
    store = open_store(told.workspace, url=told.store)
    try:
        if drawn:
            return await _watch_drawn(store, told.workspace, drawn)
        return await _watch_vehicles(store, told.workspace)
    finally:
        store.close()


async def _watch_vehicles(store: Store, workspace: Path) -> bool:
    fleet = vehicles(store)
    with served(ScriptedEndpoint(await asyncio.to_thread(_answers, fleet))) as address:
        asked = Asked(endpoints=(address,), model=MODEL, keep_clips_days=CLIPS_DAYS)
        watched = await run_monitor(
            store, fleet.sheet, asked, Limits(), workspace / PICTURES, sources=fleet.sources
        )
        return watched.interrupted


async def _watch_drawn(store: Store, workspace: Path, drawn: DrawnVehicles) -> bool:
    async with miniature_served() as address:
        watched = await run_monitor(
            store,
            drawn.sheet,
            asked_of_miniature(address),
            Limits(),
            workspace / PICTURES,
            sources=drawn.sources,
        )
        return watched.interrupted


def asked_of_miniature(address: str) -> Asked:
    """How the monitor asks it: with the decision that was fitted for it, since its likeliest level misses more."""
    decision = kept_decision()
    return Asked(
        endpoints=(address,),
        model=MINIATURE,
        revision=decision.weights,
        image_width_px=WIDTH_PX,
        decision=decision,
        keep_clips_days=CLIPS_DAYS,
    )


def _answers(fleet: Vehicles) -> dict[str, str]:
    return answers_about([frame.image for frame in fleet.frames])
