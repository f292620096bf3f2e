"""Pausing a person's answers and releasing them: a part of the screen on annotators."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import streamlit as st
from sqlmodel import col, select

from annotator.runtime import store
from annotator.widgets.frame_links import frames_address
from annotator.widgets.page import plain
from annotator.widgets.tables import is_lead
from data.errors import TeletriageError
from data.find.question import About
from data.people.permissions import Act, may
from data.review.pauses import MAX_REASON_CHARS, OpenPause, open_pauses, pause_answers, release_answers
from data.store.tables import Person
from data.text.phrases import counted
from data.text.visible import visible

_MEANS = (
    "Paused answers are kept and still contest frames, but none of them verifies a frame: another person or a lead "
    "has to look. The person goes on reviewing, and reads under My frames that the answers wait for a lead."
)


def show_pauses(person: Person) -> None:
    """Whose answers are paused, and for leads the way in and out."""
    st.header("Paused answers", anchor="paused-answers")
    if told := st.session_state.pop("pause_told", None):
        st.html(f'<div class="tt-card" role="status">{plain(told)}</div>')
    if problem := st.session_state.pop("pause_problem", None):
        st.html(f'<div class="tt-card" role="alert">{plain(problem)}</div>')
    with store().read() as session:
        pauses = open_pauses(session)
        people = session.exec(select(Person).order_by(col(Person.display_name))).all()
    for one in pauses:
        _pause(person, one)
    if not pauses:
        st.caption("Nobody's answers are paused.")
    paused = {one.person.id for one in pauses}
    others = [
        one for one in people if may(one.role, Act.REVIEW) and one.id not in paused and one.id != person.id
    ]
    if is_lead(person) and others:
        _begin(person, others, st.session_state.pop("pause_begin_problem", None))


def _pause(person: Person, one: OpenPause) -> None:
    at = datetime.fromtimestamp(one.pause.paused_at_us / 1e6, tz=UTC)
    waiting = counted(one.waiting, "frame")
    seen = frames_address((About.PERSON, one.person.name))
    st.html(
        f'<div class="tt-card"><b>{plain(one.person.display_name)}</b>, paused by {plain(one.by.display_name)} on '
        f"{at:%Y-%m-%d %H:%M} UTC: {plain(one.pause.reason)}<br>{waiting} on which this person answered wait for "
        f'somebody else. <a href="{escape(seen)}" target="_self">Look at this person\'s frames</a></div>'
    )
    if not is_lead(person) or one.person.id == person.id:
        return
    key = f"release-{one.pause.id}"
    words, button = st.columns([70, 30], vertical_alignment="bottom")
    words.text_input("Why do they count again? (kept in the record)", key=key, max_chars=MAX_REASON_CHARS)
    button.button(
        "Release these answers",
        key=f"{key}-now",
        on_click=_release,
        args=(person, int(one.person.id or 0), one.person.display_name, key),
    )


def _begin(person: Person, others: list[Person], problem: str | None) -> None:
    """The problem stands inside: a card above would close the form with what is written in it."""
    with st.expander("Pause a person's answers"):
        st.html(f'<div class="tt-text">{_MEANS}</div>')
        names = {int(one.id or 0): one.display_name for one in others}
        st.selectbox(
            "Whose answers",
            list(names),
            index=None,
            format_func=lambda number: visible(names[number]),
            key="pause-whom",
            placeholder="Choose a person",
        )
        st.text_input("Why? (kept in the record)", key="pause-why", max_chars=MAX_REASON_CHARS)
        st.button("Pause these answers", on_click=_pause_now, args=(person, names))
        if problem:
            st.html(f'<div class="tt-card" role="alert">{plain(problem)}</div>')


def _pause_now(person: Person, names: dict[int, str]) -> None:
    whom = st.session_state.get("pause-whom")
    if whom not in names:
        st.session_state["pause_begin_problem"] = "Choose whose answers are to be paused."
        return
    try:
        lost = pause_answers(store(), int(person.id or 0), whom, str(st.session_state.get("pause-why", "")))
    except TeletriageError as error:
        st.session_state["pause_begin_problem"] = str(error)
        return
    frames = "No frame" if not lost else counted(lost, "frame")
    st.session_state["pause_told"] = (
        f"{names[whom]}'s answers are paused. {frames} lost verification through this."
    )


def _release(person: Person, whom: int, name: str, key: str) -> None:
    try:
        won = release_answers(store(), int(person.id or 0), whom, str(st.session_state.get(key, "")))
    except TeletriageError as error:
        st.session_state["pause_problem"] = str(error)
        return
    st.session_state["pause_told"] = (
        f"{name}'s answers count again; {counted(won, 'frame')} verified by them."
    )
