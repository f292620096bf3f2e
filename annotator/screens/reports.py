"""Evaluation reports of this workspace: what there is, one to read or take away, and frames to look at again."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from annotator.runtime import store, workspace
from annotator.screens.report_page import report_address
from annotator.sign_in.visitor import frame_image
from annotator.widgets.frame_links import frames_address
from annotator.widgets.page import empty_state, page_head, plain
from annotator.widgets.tables import wrapped_table
from data.errors import TeletriageError
from data.find.question import About
from data.frames.erased import why_aside
from data.people.permissions import Act, may
from data.review.second_looks import send_back
from data.store.tables import Frame, Person
from data.text.phrases import counted
from data.text.visible import visible
from eval.presentation.in_words import percent_range
from eval.report.folders import Doubted, ReportFolder, doubted_frames, evaluation_of, report_folders
from eval.report.render import HTML_NAME
from eval.report.second_looks import SecondLooks, Wrong, second_looks, send_for_second_looks
from eval.report.side_by_side import figures_side_by_side, rest_on_the_same_frames, what_differs
from eval.statistics.rate import Undefined


def show(person: Person) -> None:
    """The reports, newest first; `?report=` names the one that is shown."""
    page_head(person, "Reports")
    folders = report_folders(workspace() / "reports")
    if not folders:
        empty_state("No report yet", "Reports appear here once teletriage evaluate has written one.")
        return
    asked = st.query_params.get("report")
    place = next((at for at, one in enumerate(folders) if one.name == asked), 0)
    if asked is not None and folders[place].name != asked:
        told = f"There is no report {asked!r} here; this is the newest."
        st.html(f'<div class="tt-card" role="alert">{plain(told)}</div>')
    chosen = st.selectbox("Report", folders, index=place, format_func=_title)
    st.query_params["report"] = chosen.name
    sends_back = may(person.role, Act.SEND_BACK)
    report, beside, *again = st.tabs(
        ["Report", "Side by side", *(["Frames to look at again"] if sends_back else [])]
    )
    with report:
        _report(chosen.page)
    with beside:
        _beside(chosen, [one for one in folders if one != chosen])
    for tab in again:
        with tab:
            _look_again(person, chosen)


def _beside(chosen: ReportFolder, others: list[ReportFolder]) -> None:
    """The figures of another report beside those of this one, and what differs between what they rest on."""
    if not others:
        st.text(
            "This is the only report; every other one that teletriage evaluate writes can be set beside it."
        )
        return
    other = st.selectbox("Compare with", [None, *others], format_func=lambda one: _title(one) if one else "")
    if other is None:
        st.text("Choose another report to see the figures of both.")
        return
    try:
        first, second = evaluation_of(chosen), evaluation_of(other)
    except TeletriageError as error:
        st.text(str(error))
        return
    if not rest_on_the_same_frames(first, second):
        st.text(
            "They rest on different verified frames: a difference may come from the frames, not the runs."
        )
    rows = figures_side_by_side({chosen.name: first, other.name: second})
    wrapped_table(rows, name="side-by-side", label="Figures of both reports")
    differing = what_differs(first, second)
    if differing:
        st.header("What differs")
        wrapped_table(differing, name="what-differs", label="What differs")


def _report(page: Path) -> None:
    st.download_button(
        "Download", page.read_bytes(), file_name=f"{page.parent.name}-{HTML_NAME}", mime="text/html"
    )
    st.iframe(report_address(page.parent.name), height=900)


def _look_again(person: Person, folder: ReportFolder) -> None:
    try:
        frames = doubted_frames(store(), folder)
        looks = second_looks(store(), folder)
    except TeletriageError as error:
        st.text(str(error))
        return
    if looks.flagged:
        _second_looks(person, folder, looks)
    if not frames:
        st.text("No run missed a TELEOPERATION frame, and no verified level is in doubt.")
        return
    st.caption(
        "A frame sent back counts as contested until a lead settles it, and keeps its level in evaluations, marked. "
        "What models said is not shown there."
    )
    place = st.selectbox(
        f"Frame ({len(frames)} in total)",
        range(len(frames)),
        format_func=lambda at: _frame_title(frames[at], at),
    )
    _one_frame(person, frames[place])


def _second_looks(person: Person, folder: ReportFolder, looks: SecondLooks) -> None:
    """Frames in doubt go back together with as many drawn at random, so that nobody can tell them apart."""
    st.header("Second looks")
    st.caption(
        f"{counted(looks.flagged, 'frame')} in doubt and {looks.controls:,} drawn at random, in one order and with one "
        f"reason. Sent back: {looks.sent:,}, waiting for a lead: {looks.waiting:,}."
    )
    left, right = st.columns(2)
    _wrong(left, "Wrong levels among those in doubt", looks.wrong_flagged)
    _wrong(right, "Wrong levels among those drawn", looks.wrong_controls)
    if looks.sent < looks.flagged + looks.controls and st.button("Send them for a second look"):
        try:
            send_for_second_looks(store(), int(person.id or 0), folder)
        except TeletriageError as error:
            st.text(str(error))
            return
        st.rerun()


def _wrong(place: st.delta_generator.DeltaGenerator, title: str, found: Wrong) -> None:
    known = (
        "not known yet" if isinstance(found.rate, Undefined) else f"{found.rate.count:,} of {found.rate.n:,}"
    )
    place.metric(title, known, border=True)
    if isinstance(found.interval, Undefined):
        place.caption(f"No interval: {found.interval.reason}.")
    else:
        place.caption(f"95 % interval {percent_range(found.interval)}, over scenes.")


def _one_frame(person: Person, doubted: Doubted) -> None:
    left, right = st.columns([3, 2], gap="large")
    with store().read() as session:
        frame = session.get(Frame, doubted.frame_id)
    why = None if frame is None else why_aside(frame)
    with left:
        if why is None:
            address = frame_image(person, doubted.frame_id)
            st.html(f'<img class="tt-frame" src="{escape(address)}" alt="Front camera picture">')
        else:
            st.html(f'<div class="tt-note">{plain(why)}</div>')
        st.html(_links(doubted.frame_id))
    with right:
        st.text(f"Verified: {doubted.level.value}")
        st.text(visible(doubted.why))
        if not doubted.is_verified:
            st.text("It is being looked at again already.")
            return
        with st.form(f"send-back-{doubted.frame_id}", clear_on_submit=True):
            reason = st.text_input("Why should it be looked at again?", max_chars=600)
            sent = st.form_submit_button("Send back to review")
        if sent:
            _send(person, doubted.frame_id, reason)


def _links(frame_id: str) -> str:
    """To everything that was said of the frame, and to frames like it."""
    frame, alike = f"frames?{urlencode({'frame': frame_id})}", frames_address((About.LIKE, frame_id))
    return (
        f'<p class="tt-note"><a href="{escape(frame)}" target="_self">Everything that was said of it</a>, '
        f'<a href="{escape(alike)}" target="_self">more like this</a></p>'
    )


def _send(person: Person, frame_id: str, reason: str) -> None:
    try:
        send_back(store(), int(person.id or 0), frame_id, reason)
    except TeletriageError as error:
        st.text(str(error))
        return
    st.rerun()


def _frame_title(doubted: Doubted, place: int) -> str:
    return f"{place + 1}: {doubted.level.value}, {'missed' if doubted.is_missed else 'level in doubt'}"


def _title(folder: ReportFolder) -> str:
    written = datetime.fromtimestamp(folder.written_s, tz=UTC)
    return f"{folder.name}, written {written:%Y-%m-%d %H:%M} UTC"
