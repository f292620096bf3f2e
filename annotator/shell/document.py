"""The HTML that every screen starts from: Streamlit's own, under our name, with something to read while it loads and
a line for when the server is gone."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.responses import HTMLResponse

from annotator.shell.addresses import SCREENS, Screen

_HERE = Path(__file__).parent
_PAGE = Path(streamlit.__file__).parent / "static" / "index.html"
GONE = (
    "No connection to teletriage. What you have done is kept, "
    "and this page goes on by itself when the server is back."
)
_PICTURED = {"review", "review-plain", "adjudicate"}
_GROUPS = json.dumps({screen.path: screen.group.value for screen in SCREENS})
_BESIDE = (
    '<div id="tt-loading" class="{shape}" role="status"><span>Loading…</span>'
    "<i></i><i></i><i></i><i></i><i></i></div>"
    f'<script type="application/json" id="tt-groups">{_GROUPS}</script>'
    f'<div id="tt-gone" role="alert" hidden>{GONE}</div>'
)


def page_document(screen: Screen) -> HTMLResponse:
    """The document of a screen. What is seen while it loads has the places of what follows: a picture with a panel, or
    lines. No browser keeps it: going back after signing out asks for it again, and leads to the sign-in page."""
    shape = "tt-pictured" if screen.path in _PICTURED else "tt-lines"
    return HTMLResponse(_html().replace("{shape}", shape), headers={"cache-control": "no-store"})


@cache
def _html() -> str:
    """Raises ValueError where Streamlit's page is another one than this was written for."""
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("shell.css", "shell.js"))
    html = _PAGE.read_text(encoding="utf-8")
    for pattern, ours in (
        (r"<title>.*?</title>", "<title>teletriage</title>"),
        (r'<link rel="shortcut icon".*?/>', '<link rel="icon" href="/favicon.svg" type="image/svg+xml" />'),
        (r'<!--\s+Machine-readable.*?-->\s*<link rel="service-desc".*?/>', f"<style>{style}</style>"),
        (
            r"<noscript>.*?</noscript>",
            "<noscript><p>teletriage needs JavaScript to show this page.</p></noscript>",
        ),
        (
            r'<div id="root"></div>',
            f'<div id="root"></div>{_BESIDE}',
        ),
        (r"</body>", f"<script>{script}</script></body>"),
    ):
        html, n = re.subn(pattern, lambda _, ours=ours: ours, html, flags=re.DOTALL)  # type: ignore[misc]
        if n != 1:
            raise ValueError(f"{pattern!r} stands {n} times in {_PAGE}.")
    return html
