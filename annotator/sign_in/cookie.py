"""The cookie that signs a browser in, and the page that it wanted to see before."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from annotator.runtime import COOKIE
from data.people.accounts import SIGN_IN_HOURS

_PAGE = re.compile(r"[A-Za-z0-9-]{0,64}(\?[A-Za-z0-9._~%&=+-]{0,1000})?")


def keep_secret(answer: Response, secret: str, *, is_https: bool) -> None:
    """Give the browser its secret: unreadable for scripts, not sent from other sites, over TLS only where there is."""
    answer.set_cookie(
        COOKIE, secret, max_age=SIGN_IN_HOURS * 3600, httponly=True, samesite="lax", secure=is_https
    )


def wanted_page(asked: str | None) -> str:
    """One of our pages with its query, as `frame?id=…`; "" (the home page) for anything else, such as another site.

    >>> wanted_page("frame?id=a1&n=2"), wanted_page("//elsewhere.example"), wanted_page("https:elsewhere")
    ('frame?id=a1&n=2', '', '')
    """
    return asked if asked and _PAGE.fullmatch(asked) else ""


def to_page(page: str) -> RedirectResponse:
    """The way to one of our pages."""
    return RedirectResponse(f"/{page}", 303)


def to_password_page(page: str) -> RedirectResponse:
    """The way to the one page that there is with a temporary password; it leads on to the page that was wanted."""
    return RedirectResponse(f"/password?next={quote(page)}" if page else "/password", 303)
