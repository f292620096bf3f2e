"""Whether a request comes from this site's own pages: every route that changes something asks this first."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def same_origin(asked: HTTPConnection) -> bool:
    """Whether a request comes from this site: browsers send Origin with POSTs and sockets, or at least Referer."""
    source = asked.headers.get("origin") or asked.headers.get("referer")
    try:
        return source is not None and urlsplit(source).netloc == asked.headers.get("host")
    except ValueError:  # brackets that do not close, and the like
        return False
