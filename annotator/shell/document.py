"""The HTML that every screen starts from: Streamlit's own, under our name, with something to read while it loads and
a line for when the server is gone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.responses import HTMLResponse

_HERE = Path(__file__).parent
_PAGE = Path(streamlit.__file__).parent / "static" / "index.html"
GONE = (
    "No connection to teletriage. What you have done is kept, "
    "and this page goes on by itself when the server is back."
)
_BESIDE = (
    f'<div id="tt-loading" role="status"><span>Loading…</span><i></i><i></i><i></i><i></i></div>'
    f'<div id="tt-gone" role="alert" hidden>{GONE}</div>'
)


def page_document() -> HTMLResponse:
    """The document of every screen."""
    return HTMLResponse(_html(), headers={"cache-control": "no-cache"})


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
