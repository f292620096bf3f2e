"""The guideline: what holds now, changing it, and what held before. For leads."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from annotator.runtime import store
from annotator.widgets.page import page_head, plain
from data.errors import TeletriageError
from data.review.guideline import MAX_CHARS, current_guideline, guideline_history, write_guideline
from data.store.tables import Person


def show(person: Person) -> None:
    """The guideline as annotators read it, beside the text to change."""
    page_head(person, "Guideline")
    if message := st.session_state.pop("guideline_message", None):
        st.toast(message)
    held = current_guideline(store())
    left, right = st.columns(2, gap="large")
    with left:
        text = st.text_area(
            "Text (Markdown)", held.text, key=f"text-{held.version}", height=520, max_chars=MAX_CHARS
        )
        st.button(
            "Publish this version",
            type="primary",
            on_click=_write,
            args=(person, text),
            disabled=text == held.text,
        )
        if problem := st.session_state.pop("guideline_problem", None):
            st.html(f'<div class="tt-card" role="alert">{plain(problem)}</div>')
    with right:
        st.caption(f"Version {held.version} is in force. Every review carries the version it was made under.")
        st.markdown(held.text)
        _history()


def _write(person: Person, text: str) -> None:
    try:
        held = write_guideline(store(), int(person.id or 0), text)
        st.session_state["guideline_message"] = f"Version {held.version} is now in force."
    except TeletriageError as error:
        st.session_state["guideline_problem"] = str(error)


def _history() -> None:
    history = guideline_history(store())
    if not history:
        return
    with st.expander(f"All versions ({len(history)})"):
        for written, who in history:
            at = datetime.fromtimestamp(written.written_at_us / 1e6, tz=UTC)
            st.html(
                f'<div class="tt-label">{plain(written.version)}, {plain(who.display_name)}, '
                f"{at:%Y-%m-%d %H:%M} UTC</div>"
                f'<div class="tt-thought" tabindex="0">{plain(written.text)}</div>'
            )
