"""The addresses that the grid talks to, beside Streamlit's own. Whoever may not see progress gets nothing from them."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import Field
from starlette.routing import Route

from annotator.frame_grid import told
from annotator.pictures.signed_addresses import ImageRequest, image_address, image_key
from annotator.player.told import Addresses, boxes_told, cameras_told, frame_place, moment_told
from annotator.review_card.serving import Address
from annotator.review_order.ranking import rank_frames
from annotator.runtime import COOKIE, store, workspace
from annotator.web.json_door import Act, Body, Door
from data.find.doubts import standing_suspicion
from data.find.marks import OnMany, act_on_frames
from data.find.pages import Cursor, count_values, emptied_by, find_frames, notes_on_filters
from data.find.question import from_address
from data.find.views import save_view, saved_views
from data.find.words import hits
from data.moments.before import FramePlace
from data.overview.contested import frames_around
from data.overview.frame_history import frame_view
from data.people.permissions import Act as Permission
from data.people.permissions import require
from data.review.blind_audits import open_stratum
from data.review.looks import require_own_answer
from data.store.opening import Store
from data.vocabulary import FromOutside
from eval.certificate.from_store import people_see

DOOR = Door(
    lambda: store(),  # noqa: PLW0108 - the name is looked up when somebody asks
    COOKIE,
    signed_out="You are signed out. Sign in again to see frames.",
    needs=Permission.SEE_PROGRESS,
)


def _address(store: Store, person_id: int) -> Address:
    key = image_key(store)
    return lambda frame_id, width_px: image_address(key, ImageRequest(frame_id, person_id, width_px))


def page(store: Store, person_id: int, body: Body) -> Body:
    """A page of the answer to an address; if there is none at all, which filters empty it."""
    question = from_address(str(body["query"]))
    found = find_frames(
        store,
        person_id,
        question,
        after=_cursor(body.get("after")),
        n=int(body.get("n", 60)),
        workspace=workspace(),
    )
    without = [] if found.n else emptied_by(store, person_id, question, workspace=workspace())
    marked = {}
    if question.words:
        with store.read() as session:
            marked = hits(session, question.words, [one.frame_id for one in found.frames])
    address = _address(store, person_id)
    return {
        "frames": [told.found_frame(one, marked.get(one.frame_id), address) for one in found.frames],
        "n": found.n,
        "held": found.held,
        "after": found.after,
        "emptied": told.emptied(question, without),
    }


def _cursor(given: object) -> Cursor | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != 2:  # noqa: PLR2004 - a key and an id
        raise ValueError(given)
    return float(given[0]), str(given[1])


def counts(store: Store, person_id: int, body: Body) -> Body:
    """How many frames each value would bring."""
    question = from_address(str(body["query"]))
    counted = count_values(store, person_id, question, workspace=workspace())
    notes = notes_on_filters(store, person_id, workspace=workspace())
    return {"filters": told.told_counts(counted, question, notes)}


def opened(store: Store, person_id: int, body: Body) -> Body:
    """One frame with everything that was said of it."""
    view = frame_view(store, person_id, str(body["frame"]))
    around = frames_around(store, view.frame)
    suspicion = standing_suspicion(workspace(), view.frame.id, view.status)
    return {"opened": told.opened_frame(view, around, suspicion, _address(store, person_id))}


def moment(store: Store, person_id: int, body: Body) -> Body:
    """The seconds before a frame."""
    return {"moment": moment_told(_place(store, person_id, body), Addresses(store, person_id))}


def boxes(store: Store, person_id: int, body: Body) -> Body:
    """The data set's boxes in a frame."""
    return boxes_told(_place(store, person_id, body))


def cameras(store: Store, person_id: int, body: Body) -> Body:
    """The other cameras at a frame's moment."""
    return cameras_told(_place(store, person_id, body), Addresses(store, person_id))


def _place(store: Store, person_id: int, body: Body) -> FramePlace:
    with store.read() as session:
        require(session, person_id, Permission.SEE_PROGRESS)
        require_own_answer(session, person_id, str(body["frame"]))
        return frame_place(session, str(body["frame"]))


def act(store: Store, person_id: int, body: Body) -> Body:
    """Do one thing to the frames that were picked."""
    if body.get("act") == "stratum":
        picked = OpenStratum.model_validate({name: body.get(name, "") for name in ("frames", "words")})
        return _stratum(store, person_id, picked)
    given = OnMany.model_validate({name: body.get(name, "") for name in ("act", "frames", "words")})
    done = act_on_frames(store, person_id, given)
    return {"done": done.done, "refused": done.refused}


MOST_AUDITED = 20_000


class OpenStratum(FromOutside):
    """Frames that a lead has audited blind under a name."""

    frames: list[str] = Field(min_length=1, max_length=MOST_AUDITED)
    words: str


def _stratum(store: Store, person_id: int, given: OpenStratum) -> Body:
    """Open the audit of these frames, with what gold shows of how much people recognise."""
    with store.read() as session:
        see = people_see(session, store.now_us(session))
    lot = open_stratum(store, person_id, given.frames, given.words, people_see=see.share, golds=see.golds)
    rank_frames(store)
    why = "It is reviewed, near a found miss, on somebody's screen, held out or proposed TELEOPERATION."
    return {"done": lot.frames, "refused": [("", why)] * (len(set(given.frames)) - lot.frames)}


def views(store: Store, person_id: int, body: Body) -> Body:
    """The views that are kept."""
    return {"views": [asdict(one) for one in saved_views(store, person_id)]}


def save(store: Store, person_id: int, body: Body) -> Body:
    """Keep a view, or forget it."""
    save_view(store, person_id, str(body["name"]), str(body["query"]))
    return views(store, person_id, body)


_ACTS: dict[str, Act] = {
    "page": page,
    "counts": counts,
    "open": opened,
    "moment": moment,
    "boxes": boxes,
    "cameras": cameras,
    "act": act,
    "views": views,
    "save": save,
}
ROUTES = [Route(f"/grid/{name}", DOOR.reads(act), methods=["POST"]) for name, act in _ACTS.items()]
