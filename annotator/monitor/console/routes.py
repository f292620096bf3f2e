"""The addresses that the console talks to, beside Streamlit's own. What is live is asked of the monitor, what was
done is written to the store; whoever may not watch feeds gets neither."""

from __future__ import annotations

import asyncio
import time
from functools import cache, partial
from pathlib import Path

from sqlmodel import select
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from annotator.monitor.console.link import Link, MonitorAway
from annotator.runtime import COOKIE, store
from annotator.web.json_door import Body, Door, LiveAct
from data.errors import AnswerRefused
from data.images.inspection import ImageRefused, rendition
from data.live.alerts import AlertAnswer, alerts_shown, answer_alert
from data.live.record import VERSION
from data.live.returned_frames import kept_picture, return_disagreements
from data.live.shift import last_hour
from data.people.permissions import Act
from data.store.tables import Alert, Dataset
from data.vocabulary import Response as OperatorResponse

DOOR = Door(
    lambda: store(),  # noqa: PLW0108 - the name is looked up when somebody asks
    COOKIE,
    signed_out="You are signed out. Watch the feeds yourself until you have signed in again.",
    needs=Act.WATCH_FEEDS,
)
CARD_PX = 960
MOST_SHOWN = 200
_TRIES, _PAUSE_S = 20, 0.1


@cache
def link() -> Link:
    """The one line of this process to the monitor."""
    return Link(store())


async def live(person_id: int, body: Body) -> Response:
    """The board, as soon as it differs from the version the browser has, or after a moment."""
    asked = {name: body.get(name) for name in ("version", "watch")}
    return _passed_on(
        await link().fetch("live", {**asked, "pictured": [str(one) for one in body.get("pictured", ())]})
    )


async def wall(person_id: int, body: Body) -> Response:
    """Small pictures that the browser does not have yet."""
    return _passed_on(await link().fetch("wall", {"known": dict(body["known"])}))


def _passed_on(told: bytes) -> Response:
    """The monitor's JSON as it came. It is pictures for the most part, which do not get smaller: an encoding that is
    named already keeps the server from compressing a megabyte per second and console."""
    return Response(told, media_type="application/json", headers={"content-encoding": "identity"})


async def hour(person_id: int, body: Body) -> Body:
    """What happened in the last hour."""
    return {"events": await asyncio.to_thread(last_hour, store())}


async def shown(person_id: int, body: Body) -> Body:
    """Alerts are on this person's screen."""
    missing, at_us = [str(one) for one in body["alerts"]][:MOST_SHOWN], time.time_ns() // 1000
    for _ in range(_TRIES):  # what is shown may be a moment ahead of what is written
        missing = await asyncio.to_thread(partial(alerts_shown, store(), person_id, missing, at_us=at_us))
        if not missing:
            break
        await asyncio.sleep(_PAUSE_S)
    return {}


async def answer(person_id: int, body: Body) -> Body:
    """Write an operator's answer, and tell the monitor that there is one."""
    given = AlertAnswer.model_validate(body)
    await asyncio.to_thread(answer_alert, store(), person_id, given)
    try:
        await link().ask("answered", {})
    except MonitorAway:
        await asyncio.to_thread(return_disagreements, store())  # otherwise the monitor does it
    return {}


async def call(person_id: int, body: Body) -> Body:
    """Take over a feed that did not ask for it: what the model said last is kept as what it missed."""
    told = await link().ask("call", {"feed": str(body["feed"])})
    if "alert" not in told:
        raise AnswerRefused(str(told.get("reason", "")))
    taken = {"alert_id": told["alert"], "response": OperatorResponse.TAKEN_OVER, "token": body["token"]}
    return await answer(person_id, {**taken, "reason": "Taken over without an alert"})


async def picture_route(request: Request) -> Response:
    """GET the picture that raised an alert, as a fresh JPEG."""
    if await asyncio.to_thread(DOOR.signed_in, request) is None:
        return PlainTextResponse("This picture is for those who watch feeds.", 403)
    try:
        content = await asyncio.to_thread(_picture, str(request.path_params["alert_id"]))
    except ImageRefused as refused:
        return PlainTextResponse(str(refused), 404)
    if content is None:
        return PlainTextResponse("There is no such alert.", 404)
    headers = {"cache-control": "private, max-age=3600", "cross-origin-resource-policy": "same-origin"}
    return Response(content, media_type="image/jpeg", headers=headers)


def _picture(alert_id: str) -> bytes | None:
    with store().read() as session:
        alert = session.get(Alert, alert_id)
        if alert is None:
            return None
        dataset = session.exec(select(Dataset).where(Dataset.version == VERSION)).one()
    return rendition(kept_picture(Path(dataset.dataroot), alert.image_sha256), width_px=CARD_PX)


_ACTS: dict[str, LiveAct] = {
    "live": live,
    "wall": wall,
    "hour": hour,
    "shown": shown,
    "answer": answer,
    "call": call,
}
ROUTES = [
    *(Route(f"/monitor/{name}", DOOR.awaits(act), methods=["POST"]) for name, act in _ACTS.items()),
    Route("/monitor/picture/{alert_id:str}.jpg", picture_route, methods=["GET"]),
]
