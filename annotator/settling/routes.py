"""The addresses that the settling card talks to: each reads JSON, calls one use case, answers JSON. For leads."""

from __future__ import annotations

from starlette.routing import Route

from annotator.pictures.signed_addresses import ImageRequest, image_address, image_key
from annotator.player.told import Addresses, boxes_told, cameras_told, frame_place, moment_told
from annotator.review_card.alike import readable_vectors, settled_alike
from annotator.review_card.serving import Address, strip_around
from annotator.runtime import COOKIE, store, workspace
from annotator.settling import serving
from annotator.web.json_door import Act, Body, Door
from data.errors import ReviewRefused
from data.moments.before import FramePlace
from data.people.permissions import Act as Permission
from data.people.permissions import require
from data.review.adjudication import Settlement, adjudicate, last_settlement, take_back
from data.review.looks import require_own_answer
from data.store.opening import Store
from data.store.tables import Adjudication, Frame

DOOR = Door(
    lambda: store(),  # noqa: PLW0108 - the name is looked up when somebody asks
    COOKIE,
    signed_out="You are signed out. Sign in again; what you wrote is kept in this browser until then.",
    needs=Permission.ADJUDICATE,
)


def _address(store: Store, person_id: int) -> Address:
    def address(frame_id: str, width_px: int) -> str:
        return image_address(image_key(store), ImageRequest(frame_id, person_id, width_px))

    return address


def queue(store: Store, person_id: int, body: Body) -> Body:
    """What is to be settled: contested frames, or the next ones of the random share."""
    queue = serving.random_queue if body.get("random") else serving.contested_queue
    return queue(store, person_id)


def frame(store: Store, person_id: int, body: Body) -> Body:
    """One frame with what was said of it."""
    told = serving.to_settle(store, person_id, str(body["frame"]), _address(store, person_id))
    return {"item": settled_alike(told, readable_vectors(workspace()))}


def strip(store: Store, person_id: int, body: Body) -> Body:
    """The frames around one in its scene."""
    with store.read() as session:
        require(session, person_id, Permission.ADJUDICATE)
        frame = session.get(Frame, str(body["frame"]))
        if frame is None:
            raise ReviewRefused("There is no such frame.")
        return {"strip": strip_around(session, frame.id, _address(store, person_id))}


def moment(store: Store, person_id: int, body: Body) -> Body:
    """The seconds before a frame."""
    with store.read() as session:
        require(session, person_id, Permission.ADJUDICATE)
        place = frame_place(session, str(body["frame"]))
    return {"moment": moment_told(place, Addresses(store, person_id))}


def boxes(store: Store, person_id: int, body: Body) -> Body:
    """The data set's boxes in a frame."""
    return boxes_told(_answered(store, person_id, body))


def cameras(store: Store, person_id: int, body: Body) -> Body:
    """The other cameras at a frame's moment."""
    return cameras_told(_answered(store, person_id, body), Addresses(store, person_id))


def _answered(store: Store, person_id: int, body: Body) -> FramePlace:
    with store.read() as session:
        require(session, person_id, Permission.ADJUDICATE)
        require_own_answer(session, person_id, str(body["frame"]))
        return frame_place(session, str(body["frame"]))


def save(store: Store, person_id: int, body: Body) -> Body:
    """Settle a frame. Sent again, as after a lost answer, it is settled once."""
    settlement = Settlement.model_validate(body["settlement"])
    try:
        adjudicate(store, person_id, settlement)
    except ReviewRefused:
        with store.read() as session:
            written = last_settlement(session, person_id)
        if written is None or not _is_same(written, settlement):
            raise
    return {"last": serving.last_of(store, person_id)}


def undo(store: Store, person_id: int, body: Body) -> Body:
    """Take the last settlement back."""
    return {"frame": take_back(store, person_id, int(body["settlement"]))}


def _is_same(row: Adjudication, settlement: Settlement) -> bool:
    wanted = (
        settlement.frame_id,
        settlement.level,
        settlement.reasoning,
        settlement.action,
        settlement.reason,
    )
    return (row.frame_id, row.level, row.reasoning, row.action, row.reason) == wanted


_ACTS: dict[str, Act] = {
    "queue": queue,
    "frame": frame,
    "strip": strip,
    "moment": moment,
    "boxes": boxes,
    "cameras": cameras,
    "save": save,
    "undo": undo,
}
_READING = frozenset(_ACTS) - {"save", "undo"}
ROUTES = [
    Route(f"/settle/{name}", (DOOR.reads if name in _READING else DOOR.writes)(act), methods=["POST"])
    for name, act in _ACTS.items()
]
