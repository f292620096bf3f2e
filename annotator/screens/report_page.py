"""The address under which the Reports screen shows a report. A report folder may come from anywhere, so its page runs
nothing, loads nothing and belongs to no site of ours; links open tabs of their own."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from html import escape, unescape
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from annotator.runtime import COOKIE, store, workspace
from data.errors import TeletriageError
from data.find.question import from_address
from data.people.accounts import person_signed_in
from data.people.permissions import Act, may
from eval.report.folders import report_folders

_LINK = re.compile(rb'data-app="(?P<path>frames?)\?(?P<query>[^"<>]{1,2000})"')
_HEADERS = {
    "content-security-policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; "
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "x-frame-options": "SAMEORIGIN",
    "cache-control": "private, no-store",
}


def report_address(name: str) -> str:
    """Where the report of this folder's name is shown."""
    return f"/report/{quote(name, safe='')}"


async def report_route(request: Request) -> Response:
    """GET a report's page, for those who may see reports."""
    secret, name = request.cookies.get(COOKIE), str(request.path_params["name"])
    content = await asyncio.to_thread(_page, secret, name)
    if content is None:
        return PlainTextResponse("There is no such report for you.", 404)
    return Response(content, media_type="text/html; charset=utf-8", headers=_HEADERS)


def _page(secret: str | None, name: str) -> bytes | None:
    person = person_signed_in(store(), secret)
    if person is None or not may(person.role, Act.SEE_REPORTS):
        return None
    pages = {one.name: one.page for one in report_folders(workspace() / "reports")}
    return _with_links(pages[name].read_bytes()) if name in pages else None


def _with_links(page: bytes) -> bytes:
    """The page with its frames and counts as links to the grid, each opening a tab of its own."""
    return _LINK.sub(_linked, page)


def _linked(found: re.Match[bytes]) -> bytes:
    """A link only where the address is a question that the grid can read; anything else stays plain text."""
    query = unescape(found["query"].decode(errors="replace"))
    try:
        asked = _one_frame(query) if found["path"] == b"frame" else _question(query)
    except (TeletriageError, ValueError):
        return found[0]
    return f'target="_blank" rel="noopener noreferrer" href="/frames?{escape(asked)}"'.encode()


def _one_frame(query: str) -> str:
    """`id=…` as the grid names the frame that is open."""
    ((name, frame_id),) = parse_qsl(query)
    if name != "id":
        raise ValueError(name)
    return urlencode({"frame": frame_id})


def _question(query: str) -> str:
    """The question alone, in the form that the app writes."""
    return replace(from_address(query), shows_levels=False).address
