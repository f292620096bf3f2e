"""Serving frame images: only to the person an address was signed for, only from inside the dataroot, and always as
a fresh JPEG made here, so that nothing of the original file but its pixels reaches a browser."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from annotator.pictures.rendition_cache import CACHE
from annotator.pictures.signed_addresses import ImageRequest, checked_request, image_key
from annotator.runtime import COOKIE, store, workspace
from annotator.web.worker_threads import in_picture_thread
from data.frames.erased import why_erased
from data.images.inspection import ImageRefused, leads_inside, rendition
from data.people.accounts import person_signed_in
from data.pictures.blurred import WITHHELD
from data.pictures.shown import ShownPicture, picture_beside, shown_picture
from data.store.tables import Frame
from data.vocabulary import SetAside

_HEADERS = {
    "cache-control": "private, max-age=3600, immutable",
    "cross-origin-resource-policy": "same-origin",
    "content-disposition": "inline",
}


class _Withheld(Exception):
    """A person had the picture erased, or those around it blurred; the message says why."""


@dataclass(frozen=True)
class Picture:
    """Where an image of a frame's moment lies, the folder that it may not lead out of, and where its rendition at the
    asked width is kept once it was made."""

    source: Path
    folder: Path
    kept: Path
    width_px: int | None


async def frame_route(request: Request) -> Response:
    """GET a frame's image at one of the served widths."""
    frame_id, query = request.path_params["frame_id"], dict(request.query_params)
    asked = checked_request(image_key(store()), frame_id, query)
    if asked is None:
        return PlainTextResponse("This picture's address is not valid, or has run out.", 403)
    try:
        found = await asyncio.to_thread(_look_up, request.cookies.get(COOKIE), asked)
        if found is None:
            return PlainTextResponse("This picture's address was made for somebody else.", 403)
        content = found if isinstance(found, bytes) else await _made_now(asked, found)
    except _Withheld as withheld:
        return PlainTextResponse(str(withheld), 410)
    except ImageRefused as refused:
        return PlainTextResponse(str(refused), 404)
    return Response(content, media_type="image/jpeg", headers=_HEADERS)


async def _made_now(asked: ImageRequest, picture: Picture) -> bytes:
    """A rendition, made now; what was erased or blurred meanwhile is neither kept nor shown. Raises ImageRefused and
    _Withheld."""
    content: bytes = await in_picture_thread(made, picture)
    try:
        shown = await asyncio.to_thread(_shown, asked)
    except _Withheld:
        picture.kept.unlink(missing_ok=True)
        raise
    if shown.path == picture.source:
        return content
    picture.kept.unlink(missing_ok=True)
    now = await asyncio.to_thread(_to_make, asked, shown)
    return await in_picture_thread(made, now)


def _shown(asked: ImageRequest) -> ShownPicture:
    """What everybody is shown. Raises _Withheld."""
    with store().read() as session:
        frame = session.get_one(Frame, asked.frame_id)
        if (why := why_erased(frame)) is not None:
            raise _Withheld(why)
        shown = picture_beside(session, frame, asked.file) if asked.file else shown_picture(session, frame)
    if shown is None:
        raise _Withheld(WITHHELD)
    return shown


def _look_up(secret: str | None, asked: ImageRequest) -> bytes | Picture | None:
    """The rendition if it is kept, else what it takes to make it; None for anybody but the address's person.
    Raises _Withheld."""
    person = person_signed_in(store(), secret)
    if person is None or person.id != asked.person_id:
        return None
    picture = _to_make(asked, _shown(asked))
    content = CACHE.read(picture.kept)
    return picture if content is None else content


def _to_make(asked: ImageRequest, shown: ShownPicture) -> Picture:
    name = _name(shown.path) if asked.file else shown.sha256
    kept = workspace() / "images" / f"{name}-{asked.width_px}.jpg"
    return Picture(shown.path, shown.folder, kept, asked.width_px or None)


def _name(source: Path) -> str:
    """Names a file that no ingest has hashed, anew when it changes."""
    try:
        found = source.stat()
        changed = f"{found.st_size} {found.st_mtime_ns}"
    except OSError:
        changed = "missing"
    return hashlib.sha256(f"{source} {changed}".encode("utf-8", "surrogateescape")).hexdigest()


def made(picture: Picture) -> bytes:
    """Make a rendition and keep it. Raises ImageRefused: missing, broken, too large, or outside the dataroot.

    The path is checked here again though it was when the frame was ingested: a file can become a link since.
    """
    if not leads_inside(picture.source, picture.folder):
        raise ImageRefused(SetAside.IMAGE_UNREADABLE, f"{picture.source.name} leads out of the dataroot.")
    content = rendition(picture.source, width_px=picture.width_px)
    CACHE.keep(picture.kept, content)
    return content
