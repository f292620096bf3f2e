"""What the console shows: pictures, each a fresh JPEG made here, of one feed now and of alerts; and clips of alerts."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from sqlmodel import select
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from annotator.monitor.console.door import DOOR, link
from annotator.monitor.service.proof import AGE_HEADER, NUMBER_HEADER
from annotator.web.worker_threads import in_picture_thread
from data.errors import FeedError, NotNow
from data.images.inspection import ImageRefused, picture_for_screen, rendition
from data.live.clips import CLIP_WITHHELD, clip_of, clips_folder, shows_blurred, why_erased
from data.live.record import DATA_SET
from data.live.returned_frames import kept_picture, why_withheld
from data.pictures.blurred import blurred_copy
from data.store.tables import Alert, Dataset

CARD_PX, SMALL_PX = 960, 240
AGAIN_S = "2"
_BEING_MADE = "The clip of this alert is still being made."
_NO_CLIP = "There is no clip of this alert."
_CLIP_HEADERS = {
    "cache-control": "private, max-age=3600",
    "content-encoding": "identity",  # compressed on the way, a part of it would be none of the file's
    "content-disposition": "inline",
}


class _Gone(Exception):
    """A person had the picture or the clip erased, or it was blurred or withheld; the message says why."""


async def large_route(request: Request) -> Response:
    """GET the newest picture of one feed in its own size, once there is a newer one than `after`; 204 if none comes."""
    if await asyncio.to_thread(DOOR.signed_in, request) is None:
        return PlainTextResponse("This picture is for those who watch feeds.", 403)
    feed, after = request.query_params.get("feed", ""), request.query_params.get("after", "")
    try:
        live_picture = await link().picture(feed, int(after) if after.isdecimal() else 0)
        if live_picture is None:
            return Response(status_code=204)
        begun_s = time.monotonic()
        content = await in_picture_thread(picture_for_screen, live_picture.content, f"The picture of {feed}")
    except NotNow as away:
        return PlainTextResponse(str(away), 503)
    except (FeedError, ImageRefused) as refused:
        return PlainTextResponse(str(refused), 404)
    age_ms = round(live_picture.age_ms + 1000 * (time.monotonic() - begun_s))
    headers = {NUMBER_HEADER: str(live_picture.number), AGE_HEADER: str(age_ms), "cache-control": "no-store"}
    return Response(content, media_type="image/jpeg", headers=headers)


async def picture_route(request: Request) -> Response:
    """GET the picture that raised an alert, as a fresh JPEG; `small` for a list."""
    if await asyncio.to_thread(DOOR.signed_in, request) is None:
        return PlainTextResponse("This picture is for those who watch feeds.", 403)
    width_px = SMALL_PX if "small" in request.query_params else CARD_PX
    try:
        content = await asyncio.to_thread(_picture, str(request.path_params["alert_id"]), width_px)
    except _Gone as gone:
        return PlainTextResponse(str(gone), 410, {"cache-control": "no-store"})
    except ImageRefused as refused:
        return PlainTextResponse(str(refused), 404)
    if content is None:
        return PlainTextResponse("There is no such alert.", 404)
    headers = {"cache-control": "private, max-age=3600", "cross-origin-resource-policy": "same-origin"}
    return Response(content, media_type="image/jpeg", headers=headers)


async def clip_route(request: Request) -> Response:
    """GET the clip around an alert as mp4, any part of it (Range): the whole one, else what there is of it so far, with
    Retry-After; else 404."""
    if await asyncio.to_thread(DOOR.signed_in, request) is None:
        return PlainTextResponse("This clip is for those who watch feeds.", 403)
    try:
        path, why = await asyncio.to_thread(_clip, str(request.path_params["alert_id"]))
    except _Gone as gone:
        return PlainTextResponse(str(gone), 410, {"cache-control": "no-store"})
    again = {"retry-after": AGAIN_S} if why == _BEING_MADE else {}
    if path is None:
        return PlainTextResponse(why, 404, {"cache-control": "no-store", **again})
    return FileResponse(path, media_type="video/mp4", headers=_CLIP_HEADERS | again)


def _clip(alert_id: str) -> tuple[Path | None, str]:
    """The file or none, and why it is not whole. The path is made of an id in the store, never of the address."""
    with DOOR.store().read() as session:
        alert = session.get(Alert, alert_id)
        if alert is None:
            return None, "There is no such alert."
        known, places = clip_of(session, alert.id), clips_folder(session)
        if (erased := why_erased(session, alert.erasure_id)) is not None:
            raise _Gone(erased)
        if shows_blurred(session, alert.id):
            raise _Gone(CLIP_WITHHELD)
    if known is not None and known.is_withheld:
        raise _Gone(known.why or "Withheld.")
    if known is not None and known.path is None:
        return None, known.why or _NO_CLIP
    if (whole := places.clip(alert_id)).is_file():
        return whole, ""
    early = places.early_clip(alert_id)
    return early if early.is_file() else None, _BEING_MADE if places.is_spooled(alert_id) else _NO_CLIP


def _picture(alert_id: str, width_px: int) -> bytes | None:
    with DOOR.store().read() as session:
        alert = session.get(Alert, alert_id)
        if alert is None:
            return None
        dataset = session.exec(select(Dataset).where(Dataset.name == DATA_SET)).one()
        if (why := why_erased(session, alert.erasure_id)) is not None:
            raise _Gone(why)
        copy = blurred_copy(session, alert.image_sha256)
    pictures = Path(dataset.dataroot)
    if (why := why_withheld(pictures, alert.image_sha256)) is not None:
        raise _Gone(why)
    shown = copy.path if copy else kept_picture(pictures, alert.image_sha256)
    return rendition(shown, width_px=width_px)
