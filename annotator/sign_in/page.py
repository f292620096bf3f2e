"""The page for somebody who is not signed in: plain HTML without a script, which asks the store nothing."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import jinja2
from starlette.responses import HTMLResponse

from annotator.settings import settings
from annotator.sign_in.demo_accounts import PEOPLE

REASONS = {
    "ended": "Your sign-in has ended. Sign in again to go on.",
    "refused": "Name or password is wrong.",
    "wait": "Too many attempts with this name. Wait a minute and try again.",
    "busy": "Too many people are signing in at this moment. Try again in a few seconds.",
    "provider": "That took too long, or the account is closed. Sign in again.",
}
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def sign_in_page(*, status: int = 200, alert: str | None = None, **shown: Any) -> HTMLResponse:
    """The page. shown: `next` (where to go afterwards), `name` (as typed), `name_known` (whom the provider named),
    `is_refused` (the provider named nobody we know)."""
    html = _template().render(
        alert=alert,
        has_provider=settings().oidc,
        takes_passwords=settings().passwords,
        demo_people=PEOPLE if settings().demo else (),
        **shown,
    )
    headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
    return HTMLResponse(html, status, headers=headers)


@cache
def _template() -> jinja2.Template:
    text = resources.files("annotator.sign_in").joinpath("page.html.jinja").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.ChainableUndefined).from_string(text)
