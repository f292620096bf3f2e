"""The guideline: the text in force, a new version with preview and difference, every version before. For leads."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from annotator.runtime import store
from annotator.widgets.page import page_head, plain
from annotator.widgets.text_differences import differences_html
from data.errors import TeletriageError
from data.review.guideline import (
    MAX_CHARS,
    MAX_NOTE_CHARS,
    Guideline,
    current_guideline,
    guideline_history,
    readers,
    write_guideline,
)
from data.store.tables import Person


def show(person: Person) -> None:
    """The text to change beside its preview; then what changes, why, and the button that publishes it."""
    page_head(person, "Guideline")
    if message := st.session_state.pop("guideline_message", None):
        st.toast(message)
    held = current_guideline(store())
    st.html(f'<div class="tt-text">{_about(held)}</div>')
    left, right = st.columns(2, gap="large")
    with left:
        text = st.text_area(
            "Text (Markdown)", held.text, key=_text_key(held), height=420, max_chars=MAX_CHARS
        )
        _publish(person, held)
    with right:
        st.html('<div class="tt-label tt-aside">Preview</div>')
        with st.container(height=420):
            st.markdown(text)
        changed = differences_html(held.text, text)
        st.html(
            f'<div class="tt-label">What changes in version {held.number + 1}</div>'
            f'<div class="tt-diff">{changed or "Nothing yet: change the text."}</div>'
        )
    _history()


def _about(held: Guideline) -> str:
    """Which version is in force and who has read it."""
    with store().read() as session:
        read, of = readers(session)
    by = f", by {plain(held.author)}" if held.author else ", the text that comes with teletriage"
    told = (
        f"<b>Version {held.number}</b> is in force{by}. Every review carries the version it was made under."
    )
    if held.number == 1 or not of:
        return told
    if of == 1:
        return f"{told} The one person who reviewed before it has {'' if read else 'not '}read what changed."
    return f"{told} {read:,} of the {of:,} people who reviewed before it have read what changed."


def _publish(person: Person, held: Guideline) -> None:
    """The button is never switched off and nothing above it grows: the click that ends the typing has to count."""
    st.text_input(
        "What changed, and why? (annotators read it)",
        key=f"note-{held.number}",
        max_chars=MAX_NOTE_CHARS,
        placeholder="Works that narrow the lane are SUPERVISION.",
    )
    st.button(
        f"Publish version {held.number + 1}",
        key=f"publish-{held.number}",
        type="primary",
        on_click=_write,
        args=(person, held),
    )
    st.caption("It is in force at once, and annotators are shown the difference.")
    if problem := st.session_state.pop("guideline_problem", None):
        st.html(f'<div class="tt-card" role="alert">{plain(problem)}</div>')


def _write(person: Person, held: Guideline) -> None:
    """Publish what stands in the boxes now: the click that publishes also ends the typing."""
    text = str(st.session_state.get(_text_key(held), held.text))
    note = str(st.session_state.get(f"note-{held.number}", ""))
    try:
        now = write_guideline(store(), int(person.id or 0), text, note=note, follows=held.number)
        st.session_state["guideline_message"] = f"Version {now.number} is now in force."
    except TeletriageError as error:
        st.session_state["guideline_problem"] = str(error)


def _text_key(held: Guideline) -> str:
    return f"text-{held.number}"


def _history() -> None:
    history = guideline_history(store())
    with st.expander(f"All versions ({len(history)})"):
        for now, before in zip(history, [*history[1:], None], strict=True):
            st.html(
                f'<div class="tt-label">{_origin(now)}</div>'
                + (f'<div class="tt-text">{plain(now.note)}</div>' if now.note else "")
                + (f'<div class="tt-diff">{differences_html(before.text, now.text)}</div>' if before else "")
                + f'<details><summary>The whole text</summary><div class="tt-thought" tabindex="0">'
                f"{plain(now.text)}</div></details>"
            )


def _origin(one: Guideline) -> str:
    if one.written_at_us is None:
        return f"Version 1, comes with teletriage ({plain(one.version)})"
    at = datetime.fromtimestamp(one.written_at_us / 1e6, tz=UTC)
    return f"Version {one.number}, {plain(one.author or '')}, {at:%Y-%m-%d %H:%M} UTC ({plain(one.version)})"
