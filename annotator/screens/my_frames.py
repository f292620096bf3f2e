"""A person's own answers with what became of each, and how they compare. Nobody else's answers are shown."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from annotator.pictures.signed_addresses import SMALL_PX
from annotator.runtime import store
from annotator.sign_in.visitor import frame_image
from annotator.widgets.page import empty_state, frame_caption, level_chip, made_mark, page_head, plain
from data.frames.erased import why_aside
from data.overview.own_frames import TESTS_AT_LEAST, Outcome, OwnFrame, OwnRecord, matching, own_record
from data.store.tables import Person
from data.text.phrases import counted

SHOWN = 50
_KINDS: dict[str, Callable[[OwnFrame], bool]] = {
    "All": lambda one: True,
    "Contested or settled": lambda one: one.outcome in (Outcome.CONTESTED, Outcome.SETTLED),
    "Flagged": lambda one: bool(one.flags),
    "Sent back": lambda one: one.outcome is Outcome.SENT_BACK,
    "Unsure or too fast": lambda one: bool(one.review.is_unconfirmed or one.review.is_unsure),
    "Decided otherwise": lambda one: one.agrees is False,
}


def show(person: Person) -> None:
    """Figures first, then every answer, newest first."""
    page_head(person, "My frames")
    record = own_record(store(), int(person.id or 0))
    if not record.frames:
        empty_state("No answer of yours yet", "Your answers appear here with what became of them.")
        return
    _figures(record)
    search, kind = st.columns([60, 40])
    wanted = search.text_input("Search", placeholder="scene-0103 rain, crane, supervision …")
    chosen = kind.selectbox("Show", list(_KINDS))
    found = [one for one in matching(record.frames, wanted) if _KINDS[chosen](one)]
    shown = found[:SHOWN]
    st.caption(
        f"{counted(len(found), 'answer')} of {len(record.frames):,}"
        + (f", the newest {SHOWN} of them below." if len(found) > SHOWN else ".")
    )
    if not found:
        empty_state("No answer passes", "Show all of them, or search for fewer words.")
    for one in shown:
        _answer(person, one)


def _figures(record: OwnRecord) -> None:
    answered, agreed, tested = st.columns(3)
    answered.metric("Frames answered", f"{len(record.frames):,}", border=True)
    right, n = record.agreement
    agreed.metric(
        "Your level is the one that holds", f"{right:,} of {n:,}" if n else "not known yet", border=True
    )
    tests = record.tests
    tested.metric(
        "Hidden tests right", f"{tests[0]:,} of {tests[1]:,}" if tests else "not known yet", border=True
    )
    st.caption(
        "Your level against the one that holds: of the frames on which another person or a lead had a say too. Hidden "
        f"tests: of those that you answered before today (UTC), from {TESTS_AT_LEAST} on. Counts, not estimates. Which "
        "frame was a test is told once nobody can be served it any more."
    )


def _answer(person: Person, one: OwnFrame) -> None:
    picture, words = st.columns([18, 82], vertical_alignment="top")
    caption = frame_caption(one.frame, one.scene)
    why = why_aside(one.frame)
    if why is not None:
        picture.html(f'<div class="tt-note">{plain(why)}</div>')
    else:
        address = frame_image(person, one.frame.id, width_px=SMALL_PX)
        picture.html(f'<img class="tt-frame" loading="lazy" src="{escape(address)}" alt="{escape(caption)}">')
    words.html(
        f'<div class="tt-note">{made_mark(one.frame)} {plain(caption)}</div>'
        f"<div>{level_chip(one.review.level)} {_marks(one)}</div>"
        f'<div class="tt-text">{_own_words(one)}</div>'
        f'<div class="tt-text">{_became(one)}</div>{_flags(one)}'
    )


def _marks(one: OwnFrame) -> str:
    marks = ["unsure"] if one.review.is_unsure else []
    if one.review.is_unconfirmed:
        marks.append("given in under a second, not confirmed")
    return " · ".join(plain(mark) for mark in [*marks, one.review.mode.value.replace("_", " ")])


def _own_words(one: OwnFrame) -> str:
    return plain(one.review.reasoning or "") if one.review.reasoning else "The model's words, kept."


def _became(one: OwnFrame) -> str:
    level = f" as {level_chip(one.final)}" if one.final else ""
    why = f": {plain(one.why)}" if one.why else "."
    return f"<b>{escape(one.outcome.value[:1].upper() + one.outcome.value[1:])}</b>{level}{why}"


def _flags(one: OwnFrame) -> str:
    return "".join(
        f'<div class="tt-text">You asked: {plain(flag.question)}<br>'
        + (f"The lead: {plain(flag.answer)}" if flag.answer else "No answer yet.")
        + "</div>"
        for flag in one.flags
    )
