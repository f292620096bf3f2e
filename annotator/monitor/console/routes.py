"""The addresses that the console talks to, beside Streamlit's own. What is live is asked of the monitor, what was
done is written to the store; whoever may not watch feeds gets neither."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from starlette.responses import Response
from starlette.routing import Route

from annotator.monitor.console.door import DOOR, link
from annotator.monitor.console.pictures import clip_route, large_route, picture_route
from annotator.monitor.rules.brief import brief_reason
from annotator.monitor.service.proof import MonitorAway
from annotator.web.json_door import Body, LiveAct
from data.errors import AnswerRefused, FeedError
from data.live.alerts import AlertAnswer, alerts_shown, answer_alert
from data.live.handover import (
    Confirmation,
    HandoverWords,
    WaitingHandover,
    confirm_handover,
    hand_over,
    open_matters,
    waiting_handover,
)
from data.live.returned_frames import return_disagreements
from data.live.shift import last_hour
from data.live.unanswered import Acknowledgement, Unanswered, acknowledge, unanswered_alerts
from data.vocabulary import Response as OperatorResponse

MOST_SHOWN = 200
_TRIES, _PAUSE_S = 20, 0.1


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
    return {"events": await asyncio.to_thread(last_hour, DOOR.store())}


async def shown(person_id: int, body: Body) -> Body:
    """Alerts are on this person's screen."""
    missing, at_us = [str(one) for one in body["alerts"]][:MOST_SHOWN], time.time_ns() // 1000
    for _ in range(_TRIES):  # what is shown may be a moment ahead of what is written
        missing = await asyncio.to_thread(
            partial(alerts_shown, DOOR.store(), person_id, missing, at_us=at_us)
        )
        if not missing:
            break
        await asyncio.sleep(_PAUSE_S)
    return {}


async def matters(person_id: int, body: Body) -> Body:
    """What waits for a person beside the alerts: those that ended unanswered, and a handover to be confirmed."""
    missed, handed = await asyncio.to_thread(
        lambda: (unanswered_alerts(DOOR.store()), waiting_handover(DOOR.store()))
    )
    return {"unanswered": _unanswered(missed), "handover": _handover(handed, person_id)}


def _unanswered(missed: Unanswered) -> Body:
    alerts = [
        {
            "alert": one.alert.id,
            "feed": one.feed,
            "level": one.alert.level.value,
            "reason": brief_reason(one.alert.reasoning),
            "raised_at_us": one.alert.raised_at_us,
            "ended_at_us": one.alert.ended_at_us,
            "shown": one.alert.shown_at_us is not None,
        }
        for one in missed.alerts
    ]
    return {"n": missed.n, "teleoperation": missed.teleoperation, "alerts": alerts}


def _handover(waiting: WaitingHandover | None, person_id: int) -> Body | None:
    if waiting is None:
        return None
    row = waiting.handover
    return {
        "handover": row.id,
        "by": waiting.by,
        "is_own": row.person_id == person_id,
        "words": row.words,
        "state": row.state,
        "at_us": row.handed_over_at_us,
    }


async def acknowledged(person_id: int, body: Body) -> Body:
    """Write down that somebody has seen alerts which ended without an answer."""
    await asyncio.to_thread(acknowledge, DOOR.store(), person_id, Acknowledgement.model_validate(body))
    return {}


async def open_now(person_id: int, body: Body) -> Body:
    """What a handover would leave to the next operator now."""
    return {"state": await asyncio.to_thread(open_matters, DOOR.store(), await _taken_over())}


async def handed_over(person_id: int, body: Body) -> Body:
    """Hand the shift over."""
    given, taken_over = HandoverWords.model_validate(body), await _taken_over()
    await asyncio.to_thread(hand_over, DOOR.store(), person_id, given, taken_over)
    return {}


async def _taken_over() -> list[tuple[str, str]]:
    """The feeds that somebody has, and who; none while the monitor is away, which alone knows."""
    try:
        feeds = (await link().ask("live", {}))["feeds"]
    except (MonitorAway, FeedError):
        return []
    held = [(feed["name"], feed["answered"]) for feed in feeds if feed["answered"]]
    return [(name, one["who"]) for name, one in held if one["how"] == OperatorResponse.TAKEN_OVER.value]


async def confirmed(person_id: int, body: Body) -> Body:
    """Confirm a handover that was read."""
    await asyncio.to_thread(confirm_handover, DOOR.store(), person_id, Confirmation.model_validate(body))
    return {}


async def answer(person_id: int, body: Body) -> Body:
    """Write an operator's answer, and tell the monitor that there is one."""
    given = AlertAnswer.model_validate(body)
    await asyncio.to_thread(answer_alert, DOOR.store(), person_id, given)
    try:
        await link().ask("answered", {})
    except MonitorAway:
        await asyncio.to_thread(return_disagreements, DOOR.store())  # otherwise the monitor does it
    return {}


async def call(person_id: int, body: Body) -> Body:
    """Take over a feed that did not ask for it: what the model said last is kept as what it missed."""
    told = await link().ask("call", {"feed": str(body["feed"])})
    if "alert" not in told:
        raise AnswerRefused(str(told.get("reason", "")))
    taken = {"alert_id": told["alert"], "response": OperatorResponse.TAKEN_OVER, "token": body["token"]}
    return await answer(person_id, {**taken, "reason": "Taken over without an alert"})


_ACTS: dict[str, LiveAct] = {
    "live": live,
    "wall": wall,
    "hour": hour,
    "shown": shown,
    "answer": answer,
    "call": call,
    "matters": matters,
    "acknowledge": acknowledged,
    "open": open_now,
    "hand-over": handed_over,
    "confirm": confirmed,
}
ROUTES = [
    *(Route(f"/monitor/{name}", DOOR.awaits(act), methods=["POST"]) for name, act in _ACTS.items()),
    Route("/monitor/large.jpg", large_route, methods=["GET"]),
    Route("/monitor/clip/{alert_id:str}.mp4", clip_route, methods=["GET"]),
    Route("/monitor/picture/{alert_id:str}.jpg", picture_route, methods=["GET"]),
]
