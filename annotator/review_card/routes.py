"""The addresses that the card talks to, beside Streamlit's own: each reads JSON, calls one use case, answers JSON.

They stand outside Streamlit's script runs on purpose: a decision costs the server a few milliseconds instead of a
whole page run, and an HTTP status tells the browser for certain what has been saved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from annotator.pictures.signed_addresses import ImageRequest, image_address
from annotator.review_card import serving
from annotator.review_card.outbox import apply_outbox
from annotator.runtime import COOKIE, mode_shares, store
from annotator.web.same_origin import same_origin
from annotator.web.worker_threads import act_on
from data.errors import NotAllowed, StoreUnavailable, TeletriageError
from data.overview.own_day import own_day
from data.people.accounts import person_signed_in
from data.people.card_settings import save_settings
from data.review.guideline import current_guideline
from data.review.serving import lease_frames, record_first_level
from data.review.tour import answer_tour, tour_frames
from data.store.opening import Store
from data.store.tables import Person
from data.vocabulary import TriageLevel

QUEUE, REFILL_BELOW = 8, 6
"""Frames that a card holds at most, and fewer than which it gets new ones: reserving one per answer would cost
everybody a second write to the disk."""
Body = dict[str, Any]
Act = Callable[[Store, int, Body], Body]


def _address(store: Store, person_id: int) -> serving.Address:
    key = store.secret("images")
    return lambda frame_id, width_px: image_address(key, ImageRequest(frame_id, person_id, width_px))


def sync(store: Store, person_id: int, body: Body) -> Body:
    """Write the outbox, then say what comes next."""
    acknowledged = apply_outbox(store, person_id, list(body.get("outbox", [])))
    served = lease_frames(store, person_id, n=QUEUE, refill_below=REFILL_BELOW, shares=mode_shares())
    address = _address(store, person_id)
    day = own_day(store, person_id, offset_min=int(body.get("offset_min", 0)))
    guideline = current_guideline(store)
    return {
        "acknowledged": [one.model_dump() for one in acknowledged],
        "frames": [serving.served_frame(one, address) for one in served],
        "recent": serving.recent_decisions(store, person_id, address),
        "day": {"reviewed": day.reviewed, "median_s": day.median_s, "timed": day.timed},
        "guideline": {"version": guideline.version},
    }


def own_level(store: Store, person_id: int, body: Body) -> Body:
    """Keep the own level of a decide-first frame; the answer is the first to hold its proposal."""
    served = record_first_level(store, person_id, str(body["frame"]), TriageLevel(body["level"]))
    return {"frame": serving.served_frame(served, _address(store, person_id))}


def strip(store: Store, person_id: int, body: Body) -> Body:
    """The frames around one in its scene."""
    return {"strip": serving.scene_strip(store, person_id, str(body["frame"]), _address(store, person_id))}


def thought(store: Store, person_id: int, body: Body) -> Body:
    """A whole chain of thought."""
    return {"thought": serving.whole_thought(store, person_id, str(body["frame"]))}


def settings(store: Store, person_id: int, body: Body) -> Body:
    """Keep this person's settings."""
    return {"settings": save_settings(store, person_id, dict(body["settings"])).model_dump()}


def guideline(store: Store, person_id: int, body: Body) -> Body:
    """The guideline that holds now."""
    held = current_guideline(store)
    return {"guideline": {"text": held.text, "version": held.version}}


def tour(store: Store, person_id: int, body: Body) -> Body:
    """The tour's frames, without their levels."""
    address = _address(store, person_id)
    return {
        "frames": [
            serving.frame_context(gold.frame, gold.scene, address) for gold in tour_frames(store, person_id)
        ]
    }


def tour_answer(store: Store, person_id: int, body: Body) -> Body:
    """Hold an answer on the tour against gold."""
    level = TriageLevel(body["level"])
    gold = answer_tour(store, person_id, str(body["frame"]), level)
    return {
        "right": level is gold.level,
        "level": gold.level.value,
        "reasoning": gold.reasoning,
        "action": gold.action,
    }


def _endpoint(act: Act) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        if not same_origin(request):
            return _no(403, "This was sent from another site.")
        try:
            body = await request.json()
        except ValueError:
            return _no(400, "This is not JSON.")
        answer = partial(_answer, act=act, secret=request.cookies.get(COOKIE), body=body)
        if act in READING:
            return await asyncio.to_thread(answer, store())
        return await act_on(store(), answer)

    return endpoint


def _answer(store: Store, *, act: Act, secret: str | None, body: object) -> Response:
    person: Person | None = person_signed_in(store, secret)
    if person is None:
        return _no(
            401, "You are signed out. Sign in again; your answers are kept in this browser until then."
        )
    if not isinstance(body, dict) or body.get("person") != person.id:
        return _no(409, "Somebody else is signed in now. Load the page again.")
    try:
        return JSONResponse(act(store, int(person.id or 0), body))
    except TeletriageError as error:
        return _no(_status(error), str(error))
    except (KeyError, ValueError, TypeError) as error:
        return _no(400, f"This cannot be understood: {type(error).__name__}.")


def _status(error: TeletriageError) -> int:
    """503 tells the browser to keep everything and send it again."""
    return 503 if isinstance(error, StoreUnavailable) else 403 if isinstance(error, NotAllowed) else 422


def _no(status: int, reason: str) -> Response:
    return JSONResponse({"reason": reason}, status)


READING = frozenset({strip, thought, guideline, tour})
"""Acts that write nothing; they do not queue behind those that do."""
_ACTS: dict[str, Act] = {
    "sync": sync,
    "own-level": own_level,
    "strip": strip,
    "thought": thought,
    "settings": settings,
    "guideline": guideline,
    "tour": tour,
    "tour-answer": tour_answer,
}
ROUTES = [Route(f"/card/{name}", _endpoint(act), methods=["POST"]) for name, act in _ACTS.items()]
