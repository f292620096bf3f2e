"""The addresses that the grid talks to, beside Streamlit's own. Whoever may not see progress gets nothing from them."""

from __future__ import annotations

from dataclasses import asdict

from starlette.routing import Route

from annotator.frame_grid import told
from annotator.pictures.signed_addresses import ImageRequest, image_address, image_key
from annotator.review_card.serving import Address
from annotator.runtime import COOKIE, store, workspace
from annotator.web.json_door import Act, Body, Door
from data.find.doubts import standing_suspicion
from data.find.marks import OnMany, act_on_frames
from data.find.pages import Cursor, count_values, emptied_by, find_frames, notes_on_filters
from data.find.question import from_address
from data.find.views import save_view, saved_views
from data.find.words import hits
from data.overview.contested import frames_around
from data.overview.frame_history import frame_view
from data.people.permissions import Act as Permission
from data.store.opening import Store

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


def act(store: Store, person_id: int, body: Body) -> Body:
    """Do one thing to the frames that were picked."""
    given = OnMany.model_validate({name: body.get(name, "") for name in ("act", "frames", "words")})
    done = act_on_frames(store, person_id, given)
    return {"done": done.done, "refused": done.refused}


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
    "act": act,
    "views": views,
    "save": save,
}
ROUTES = [Route(f"/grid/{name}", DOOR.reads(act), methods=["POST"]) for name, act in _ACTS.items()]
