"""The addresses that the card talks to, beside Streamlit's own: each reads JSON, calls one use case, answers JSON.

They stand outside Streamlit's script runs on purpose: a decision costs the server a few milliseconds instead of a
whole page run, and an HTTP status tells the browser for certain what has been saved.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session
from starlette.routing import Route

from annotator.pictures.signed_addresses import ImageRequest, image_address
from annotator.player.told import Addresses, boxes_told, cameras_told, frame_place, moment_told
from annotator.review_card import serving
from annotator.review_card.alike import readable_vectors, with_alike
from annotator.review_card.outbox import apply_outbox
from annotator.runtime import COOKIE, store, workspace
from annotator.settings import settings as app_settings
from annotator.web.json_door import Act, Body, Door
from annotator.widgets.text_differences import differences
from data.moments.before import FramePlace
from data.overview.personal_progress import reviews_today
from data.people.card_settings import save_settings
from data.people.permissions import Act as Permission
from data.people.permissions import require
from data.review.examples import guideline_examples
from data.review.guideline import guideline_in_force, read_guideline, unread_change
from data.review.looks import require_own_answer
from data.review.notes import answers_to
from data.review.serving import ServedFrame, lease_frames, record_first_level
from data.review.stack.frames import companions
from data.review.tour import answer_tour, tour_frames
from data.store.opening import Store
from data.store.tables import Frame
from data.vocabulary import Mode, TriageLevel

QUEUE, REFILL_BELOW = 8, 6
"""Frames that a card holds at most, and fewer than which it gets new ones: reserving one per answer would cost
everybody a second write to the disk."""
DOOR = Door(
    lambda: store(),  # noqa: PLW0108 - the name is looked up when somebody asks
    COOKIE,
    signed_out="You are signed out. Sign in again; your answers are kept in this browser until then.",
)


def _address(store: Store, person_id: int) -> serving.Address:
    key = store.secret("images")
    return lambda frame_id, width_px: image_address(key, ImageRequest(frame_id, person_id, width_px))


def sync(store: Store, person_id: int, body: Body) -> Body:
    """Write the outbox, then say what comes next."""
    shares = app_settings().mode_shares
    acknowledged = apply_outbox(store, person_id, list(body.get("outbox", [])), shares=shares)
    served = lease_frames(store, person_id, n=QUEUE, refill_below=REFILL_BELOW, shares=shares)
    address = _address(store, person_id)
    day = reviews_today(store, person_id, offset_min=int(body.get("offset_min", 0)))
    with store.read() as session:
        held = guideline_in_force(session)
        is_unread = unread_change(session, person_id, held) is not None
        answers = answers_to(session, person_id)
        alike = _look_alikes(session, person_id, served, store.now_us(session))
    return {
        "acknowledged": [one.model_dump() for one in acknowledged],
        "frames": with_alike(
            store,
            person_id,
            [serving.served_frame(one, address, alike.get(one.frame.id, [])) for one in served],
            readable_vectors(workspace()),
        ),
        "recent": serving.recent_decisions(store, person_id, address),
        "day": {"reviewed": day.reviewed, "median_s": day.median_s, "timed": day.timed},
        "guideline": {"version": held.version, "number": held.number, "unread": is_unread},
        "answers": [serving.flag_answer(one) for one in answers],
    }


def _look_alikes(
    session: Session, person_id: int, served: Sequence[ServedFrame], now_us: int
) -> dict[str, list[Frame]]:
    """The stack of each frame that is shown with its proposal."""
    assisted = [one.frame.id for one in served if one.mode is Mode.ASSISTED and one.proposal is not None]
    if not assisted:
        return {}
    return companions(session, person_id, assisted, now_us, app_settings().mode_shares)


def own_level(store: Store, person_id: int, body: Body) -> Body:
    """Keep the own level of a decide-first frame; the answer is the first to hold its proposal."""
    served = record_first_level(store, person_id, str(body["frame"]), TriageLevel(body["level"]))
    told = [serving.served_frame(served, _address(store, person_id))]
    return {"frame": with_alike(store, person_id, told, readable_vectors(workspace()))[0]}


def strip(store: Store, person_id: int, body: Body) -> Body:
    """The frames around one in its scene."""
    return {"strip": serving.scene_strip(store, person_id, str(body["frame"]), _address(store, person_id))}


def moment(store: Store, person_id: int, body: Body) -> Body:
    """The seconds before a frame."""
    with store.read() as session:
        serving.require_shown(session, person_id, str(body["frame"]))
        place = frame_place(session, str(body["frame"]))
    return {"moment": moment_told(place, Addresses(store, person_id))}


def boxes(store: Store, person_id: int, body: Body) -> Body:
    """The data set's boxes in a frame, for whoever has said what they think of it."""
    return boxes_told(_answered(store, person_id, body))


def cameras(store: Store, person_id: int, body: Body) -> Body:
    """The other cameras at a frame's moment, for whoever has said what they think of it."""
    return cameras_told(_answered(store, person_id, body), Addresses(store, person_id))


def _answered(store: Store, person_id: int, body: Body) -> FramePlace:
    with store.read() as session:
        serving.require_shown(session, person_id, str(body["frame"]))
        require_own_answer(session, person_id, str(body["frame"]))
        return frame_place(session, str(body["frame"]))


def thought(store: Store, person_id: int, body: Body) -> Body:
    """A whole chain of thought."""
    return {"thought": serving.whole_thought(store, person_id, str(body["frame"]))}


def settings(store: Store, person_id: int, body: Body) -> Body:
    """Keep this person's settings."""
    return {"settings": save_settings(store, person_id, dict(body["settings"])).model_dump()}


def guideline(store: Store, person_id: int, body: Body) -> Body:
    """The guideline that holds now, with examples of each level and what this person has not read of it yet."""
    with store.read() as session:
        require(session, person_id, Permission.REVIEW)
        held = guideline_in_force(session)
        unread = unread_change(session, person_id, held)
    address = _address(store, person_id)
    examples = [serving.example(one, address) for one in guideline_examples(store, person_id)]
    change = (
        {
            "note": unread.now.note,
            "since": unread.before.number,
            "paragraphs": differences(unread.before.text, held.text),
        }
        if unread
        else None
    )
    told = {"text": held.text, "version": held.version, "number": held.number, "examples": examples}
    return {"guideline": {**told, "change": change}}


def guideline_read(store: Store, person_id: int, body: Body) -> Body:
    """This person has read what changed."""
    read_guideline(store, person_id, int(body["number"]))
    return {}


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


_ACTS: dict[str, Act] = {
    "sync": sync,
    "own-level": own_level,
    "strip": strip,
    "moment": moment,
    "boxes": boxes,
    "cameras": cameras,
    "thought": thought,
    "settings": settings,
    "guideline": guideline,
    "guideline-read": guideline_read,
    "tour": tour,
    "tour-answer": tour_answer,
}
_READING = frozenset({"strip", "moment", "boxes", "cameras", "thought", "guideline", "tour"})
ROUTES = [
    Route(f"/card/{name}", (DOOR.reads if name in _READING else DOOR.writes)(act), methods=["POST"])
    for name, act in _ACTS.items()
]
