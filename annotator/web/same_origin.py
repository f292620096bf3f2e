"""Whether a request comes from this site's own pages: every route that changes something asks this first."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request


def same_origin(request: Request) -> bool:
    """Whether a request comes from this site: browsers send Origin, or at least Referer, with every POST."""
    source = request.headers.get("origin") or request.headers.get("referer")
    return source is not None and urlsplit(source).netloc == request.headers.get("host")
