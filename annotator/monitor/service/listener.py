"""Where the app reaches the running monitor: a few addresses on this machine, for processes that prove that they have
the store's key; every answer proves it too. And Prometheus' address, which tells counts and no pictures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from annotator.monitor.service.board import board, wall
from annotator.monitor.service.figures import prometheus_text
from annotator.monitor.service.proof import AGE_HEADER, ASKED, NUMBER_HEADER, PROVEN, answering, is_asked
from annotator.monitor.watching.monitor import Monitor
from data.errors import FeedError
from data.hashing import signature

LONGEST_WAIT_S = 0.8
"""An answer comes within so long even if nothing changed: silence for longer means that the monitor is gone."""
KEY_NAME = "monitor"
PICTURE_TYPE = "application/octet-stream"


def listener_key(secret: bytes) -> str:
    """What requests and answers are signed with; `secret`: the store's, under KEY_NAME."""
    return signature(secret, "listener")


def listener(monitor: Monitor, key: str, answered: Callable[[], None]) -> Starlette:
    """The application. answered: called when the app says that an operator has answered."""

    def keyed(act: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            asked, body = request.headers.get(ASKED, ""), await request.body()
            if not is_asked(key, monitor.feeds.logbook.watch_id, request.url.path, asked, body):
                return JSONResponse({"reason": "This key does not open the monitor."}, 403)
            answer = await act(request)
            answer.headers[PROVEN] = answering(
                key, asked, answer.status_code, answer.headers, bytes(answer.body)
            )
            return answer

        return endpoint

    def guarded(act: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return Response(json.dumps(await act(await request.json())), media_type="application/json")

        return keyed(answer)

    async def live(body: dict[str, Any]) -> dict[str, Any]:
        now = (monitor.feeds.logbook.watch_id, monitor.feeds.news.version)
        if (body.get("watch"), body.get("version")) == now:
            await monitor.feeds.news.wait(LONGEST_WAIT_S)
        return board(monitor, {str(one) for one in body.get("pictured") or ()})

    async def pictures(body: dict[str, Any]) -> dict[str, Any]:
        return {"pictures": wall(monitor, dict(body.get("known") or {}))}

    async def large(request: Request) -> Response:
        """The newest picture of one feed as it came, once it is newer than the one known; 204 if none comes."""
        body = await request.json()
        feed = monitor.feeds.get(str(body.get("feed")))
        if feed is None:
            return JSONResponse({"reason": "There is no such feed."}, 404)
        feed.look_closely()
        if feed.newest is None or feed.newest.number == body.get("after"):
            await feed.shown_news.wait(LONGEST_WAIT_S)
        newest = feed.newest
        if newest is None:
            return Response(status_code=204)
        age_ms = round(1000 * (monitor.feeds.clock.now_s() - newest.captured_s))
        headers = {NUMBER_HEADER: str(newest.number), AGE_HEADER: str(age_ms)}
        if newest.number == body.get("after"):
            return Response(status_code=204, headers=headers)
        return Response(newest.picture.content, media_type=PICTURE_TYPE, headers=headers)

    async def poke(body: dict[str, Any]) -> dict[str, Any]:
        answered()
        return {}

    async def call(body: dict[str, Any]) -> dict[str, Any]:
        try:
            alert = monitor.alerting.call(str(body.get("feed")))
        except FeedError as error:
            return {"reason": str(error)}
        await asyncio.to_thread(monitor.feeds.logbook.write)
        return {"alert": alert}

    async def metrics(request: Request) -> Response:
        return PlainTextResponse(prometheus_text(monitor), media_type="text/plain; version=0.0.4")

    return Starlette(
        routes=[
            Route("/live", guarded(live), methods=["POST"]),
            Route("/wall", guarded(pictures), methods=["POST"]),
            Route("/large", keyed(large), methods=["POST"]),
            Route("/call", guarded(call), methods=["POST"]),
            Route("/answered", guarded(poke), methods=["POST"]),
            Route("/metrics", metrics, methods=["GET"]),
        ]
    )
