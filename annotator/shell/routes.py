"""The mark of the app, for everybody: browsers ask for it before anybody has signed in."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse

MARK = Path(__file__).with_name("favicon.svg")


async def mark_route(request: Request) -> FileResponse:
    """GET the mark; also under the name that Streamlit's page asks for."""
    return FileResponse(MARK, media_type="image/svg+xml", headers={"cache-control": "public, max-age=86400"})
