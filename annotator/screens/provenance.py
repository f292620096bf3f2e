"""Where a frame or a pair comes from, link by link: what stands verified, who said so when and having seen what, what
models had proposed, and the picture itself."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from annotator.runtime import store, workspace
from annotator.sign_in.visitor import frame_image
from annotator.widgets.page import empty_state, page_head, plain
from annotator.widgets.times import as_written
from data.errors import TeletriageError
from data.review.looks import note_look
from data.snapshot.trace import trace
from data.store.tables import Person

_TITLES = {
    "pair": "Pair",
    "verified": "Verified",
    "adjudication": "Adjudication",
    "reviews": "Reviews",
    "proposals": "Proposals",
    "generated": "Generated",
    "frame": "Frame",
}
_NONE = {"adjudication": "Not adjudicated.", "reviews": "Nobody has reviewed it.", "pair": ""}


def show(person: Person) -> None:
    """The chain of the frame or pair that `?of=` or the field names."""
    page_head(person, "Provenance")
    address = st.text_input(
        "A frame's id, its image's file name, scene and number, or a pair's id",
        value=st.query_params.get("of", ""),
        placeholder="samples/CAM_FRONT/….jpg, or scene-0103 frame 17",
        max_chars=300,
    ).strip()
    if not address:
        empty_state("Enter a frame or a pair", "You find ids in reports, snapshots and tables.")
        return
    st.query_params["of"] = address
    try:
        chain = trace(store(), address, snapshots=workspace() / "snapshots")
        note_look(store(), int(person.id or 0), str(chain["frame"]["id"]))
    except TeletriageError as error:
        st.html(f'<div class="tt-card" role="alert">{plain(str(error))}</div>')
        return
    picture, links = st.columns([45, 55], gap="medium")
    with picture:
        _picture(person, chain["frame"])
    with links:
        st.html("".join(_section(name, link) for name, link in chain.items() if name != "frame"))


def _picture(person: Person, frame: dict[str, Any]) -> None:
    if frame.get("set_aside") is None:
        address = escape(frame_image(person, str(frame["id"])))
        st.html(f'<img class="tt-frame" src="{address}" alt="Front camera picture">')
    counted_from_one = {"frame in its scene": int(frame["position"]) + 1} if "position" in frame else {}
    st.html(_section("frame", {**_without(frame, "position"), **counted_from_one}))


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _section(name: str, link: Any) -> str:
    """One kind of link as HTML: a card per row, or the sentence that there is none."""
    rows = link if isinstance(link, list) else [link] if link else []
    title = f'<div class="tt-label">{escape(_TITLES.get(name, name))}</div>'
    if not rows:
        return f'{title}<div class="tt-note">{plain(_NONE.get(name, "None."))}</div>'
    return title + "".join(_card(row) for row in rows)


def _card(row: dict[str, Any]) -> str:
    lines = "".join(
        f"<tr><th>{plain(key.replace('_', ' '))}</th><td>{plain(_said(value))}</td></tr>"
        for key, value in row.items()
        if value is not None and value != {}
    )
    return f'<div class="tt-card tt-link"><table class="tt-table">{lines}</table></div>'


def _said(value: Any) -> str:
    """A value of a link for people.

    >>> _said("2026-11-29T09:00:48+00:00"), _said(True), _said(["a", "b"])
    ('2026-11-29 09:00:48 UTC', 'yes', 'a, b')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else as_written(str(value))
