"""The page for somebody who is not signed in: plain HTML without a script, which asks the store nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse

from annotator.settings import settings
from annotator.shell.plain_page import plain_page
from annotator.sign_in.demo_accounts import PEOPLE

REASONS = {
    "ended": "Your sign-in has ended. Sign in again to go on.",
    "refused": "Name or password is wrong.",
    "wait": "Too many attempts with this name. Wait a minute and try again.",
    "busy": "Too many people are signing in at this moment. Try again in a few seconds.",
    "provider": "That took too long, or the account is closed. Sign in again.",
}


def sign_in_page(*, status: int = 200, alert: str | None = None, **shown: Any) -> HTMLResponse:
    """The page. shown: `next` (where to go afterwards), `name` (as typed), `name_known` (whom the provider named),
    `is_refused` (the provider named nobody we know)."""
    return plain_page(
        Path(__file__).with_name("page.html.jinja"),
        status=status,
        alert=alert,
        has_provider=settings().oidc,
        takes_passwords=settings().passwords,
        demo_people=PEOPLE if settings().demo else (),
        **shown,
    )
