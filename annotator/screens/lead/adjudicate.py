"""Settling contested frames with the settling card; below it what annotators asked and which clips were rejected."""

from __future__ import annotations

from html import escape

import streamlit as st

from annotator.pictures.signed_addresses import SMALL_PX
from annotator.runtime import store
from annotator.screens.lead.rejected_clips import show_rejected
from annotator.settling.card import mount_settling
from annotator.sign_in.visitor import frame_image
from annotator.widgets.page import frame_caption, made_mark, page_head, plain
from data.frames.erased import why_aside
from data.people.card_settings import settings_of
from data.review.notes import MAX_REASON_CHARS, OpenFlag, close_flags, open_flags
from data.store.tables import Person
from data.text.phrases import counted


def show(person: Person) -> None:
    """The queue of contested frames, AUTONOMY versus TELEOPERATION first; `?frame=` names one of them."""
    page_head(person, "Adjudicate")
    flags = open_flags(store())
    if flags:
        st.html(f'<a class="tt-note" href="#flags">{counted(len(flags), "flag")} from annotators below</a>')
    mount_settling(person, settings_of(store(), int(person.id or 0)), wanted=st.query_params.get("frame"))
    if flags:
        st.header("Flags from annotators", anchor="flags")
        st.caption("Your answer reaches its author on the review card and under My frames.")
    asked: dict[str, list[OpenFlag]] = {}
    for flag in flags:
        asked.setdefault(flag.frame.id, []).append(flag)
    for of_frame in asked.values():
        _flags(person, of_frame)
    show_rejected(person)


def _flags(person: Person, flags: list[OpenFlag]) -> None:
    """What was asked about one frame: its one answer closes all of it."""
    picture, text, done = st.columns([20, 45, 35], vertical_alignment="center")
    frame, caption = flags[0].frame, frame_caption(flags[0].frame, flags[0].scene)
    questions = "".join(
        f'<div class="tt-text">{plain(flag.note.reason)}</div>'
        f'<div class="tt-note">{plain(flag.person.display_name)}</div>'
        for flag in flags
    )
    text.html(
        f'{questions}<div class="tt-note">{made_mark(frame)} {plain(caption)} · '
        f'<a href="frame?id={escape(frame.id)}" target="_self">Open this frame</a></div>'
    )
    why = why_aside(frame)
    if why is None:
        address = frame_image(person, frame.id, width_px=SMALL_PX)
        picture.html(f'<img class="tt-frame" src="{escape(address)}" alt="{escape(caption)}">')
    else:
        picture.html(f'<div class="tt-note">{plain(why)}</div>')
    key = f"flag-{flags[0].note.id}"
    authors = " and ".join(dict.fromkeys(flag.person.display_name for flag in flags))
    with done.form(key, border=False):  # Enter in the box sends it too
        st.text_input(  # a label is Markdown, which a name must not become; a placeholder is plain text
            "Answer",
            key=f"{key}-answer",
            max_chars=MAX_REASON_CHARS,
            placeholder=f"Answer to {authors}",
        )
        st.form_submit_button("Send the answer", on_click=_close_flag, args=(person, frame.id, key))


def _close_flag(person: Person, frame_id: str, key: str) -> None:
    answer = str(st.session_state.get(f"{key}-answer") or "")
    close_flags(store(), int(person.id or 0), frame_id, token=f"{key}-closed", answer=answer)
    st.toast("Your answer is sent." if answer.strip() else "Marked as resolved: its author reads “Resolved.”")
