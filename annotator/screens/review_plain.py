"""Reviewing a frame with Streamlit's own widgets: frame, chain of thought, proposal, accept or correct, next.

Every press carries the frame and the token it was shown for, so that a held key or a double click writes once.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from html import escape

import streamlit as st

from annotator.review_card.reason_codes import REASON_TITLES, ReasonCode, composed_assessment
from annotator.runtime import store
from annotator.settings import settings
from annotator.sign_in.visitor import frame_image
from annotator.widgets.page import empty_state, frame_caption, level_chip, made_mark, page_head, plain
from annotator.widgets.text_differences import differences_html
from data.errors import TeletriageError
from data.overview.personal_progress import frames_reviewed, recent_reviews
from data.review.guideline import (
    GuidelineChange,
    current_guideline,
    guideline_in_force,
    read_guideline,
    unread_change,
)
from data.review.reviews import Decision, submit_review
from data.review.serving import ServedFrame, lease_frames, record_first_level
from data.scenarios.plausibility import Judgement, judge_clip
from data.store.tables import Person, Proposal
from data.text.phrases import counted
from data.vocabulary import LEVELS, Mode, TriageLevel

STATE = "frame_on_screen"


@dataclass
class OnScreen:
    """What this browser session keeps about the frame it shows; made afresh with every frame."""

    frame_id: str
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    since_s: float = field(default_factory=time.monotonic)
    first_level: TriageLevel | None = None
    level: TriageLevel | None = None
    code: ReasonCode | None = None
    problem: str | None = None


def show(person: Person) -> None:
    """The review screen of the person signed in."""
    page_head(person, "Plain review")
    served = lease_frames(store(), int(person.id or 0), n=1, shares=settings().mode_shares)
    if not served:
        empty_state(
            "Nothing to review right now",
            "Every frame is reviewed, or somebody else is looking at the rest. Come back in a while.",
        )
        return
    state = _state_for(served[0])
    picture, panel = st.columns([62, 38], gap="medium")
    with picture:
        _picture(person, served[0])
    with panel:
        _panel(person, served[0], state)
    _own_work(person)


def _state_for(served: ServedFrame) -> OnScreen:
    state = st.session_state.get(STATE)
    if not isinstance(state, OnScreen) or state.frame_id != served.frame.id:
        state = st.session_state[STATE] = OnScreen(served.frame.id)
    state.first_level = served.first_level
    return state


def _picture(person: Person, served: ServedFrame) -> None:
    caption = frame_caption(served.frame, served.scene)
    address = frame_image(person, served.frame.id)
    st.html(f'<img class="tt-frame" src="{escape(address)}" alt="Front camera picture, {escape(caption)}">')
    st.html(
        f'<div class="tt-note" data-testid="frame-caption">{made_mark(served.frame)} {plain(caption)}</div>'
    )
    if served.frame.generated_clip_id:
        st.button(
            "It cannot be real: reject the whole clip",
            key=f"implausible-{served.frame.id}",
            shortcut="X",
            on_click=_reject,
            args=(person, served.frame.id, st.session_state[STATE].token),
        )


def _reject(person: Person, frame_id: str, token: str) -> None:
    """Throw a generated clip out. The token was made when the frame was shown: pressing twice rejects once."""
    try:
        judge_clip(store(), int(person.id or 0), Judgement(token=f"clip-{token}", frame_id=frame_id))
    except TeletriageError as error:
        st.toast(str(error))


def _own_work(person: Person) -> None:
    person_id = int(person.id or 0)
    recent = recent_reviews(store(), person_id)
    rows = "".join(
        f"<tr><td>{plain(one.scene_name)}, frame {one.position + 1}</td><td>{level_chip(one.review.level)}</td></tr>"
        for one in recent
    )
    st.html(
        f'<div class="tt-label">You have reviewed {counted(frames_reviewed(store(), person_id), "frame")}</div>'
    )
    if rows:
        st.html(f'<table class="tt-table">{rows}</table>')
    with store().read() as session:
        held = guideline_in_force(session)
        unread = unread_change(session, person_id, held)
    if unread is not None:
        _new_in_guideline(person_id, unread)
    with st.expander("Guideline"):
        st.markdown(held.text)


def _new_in_guideline(person_id: int, change: GuidelineChange) -> None:
    """What is new since this person last read the guideline: the lead's words, and what went and came."""
    st.html(
        f'<div class="tt-card"><b>New in version {change.now.number} of the guideline</b>'
        f'<p>{plain(change.now.note or "")}</p><div class="tt-diff">'
        f"{differences_html(change.before.text, change.now.text)}</div></div>"
    )
    st.button("I have read it", on_click=_note_read, args=(person_id, change.now.number))


def _note_read(person_id: int, number: int) -> None:
    try:
        read_guideline(store(), person_id, number)
    except TeletriageError as error:
        st.toast(str(error))


def _panel(person: Person, served: ServedFrame, state: OnScreen) -> None:
    if state.problem:
        st.html(f'<div class="tt-card" role="alert">{plain(state.problem)}</div>')
        state.problem = None  # it is about the press before
    proposal = served.proposal
    if served.mode is Mode.DECIDE_FIRST and state.first_level is None:
        st.html('<div class="tt-note">Choose your own level first; then you see the proposal.</div>')
        _level_buttons(person, served, state, proposed=None)
        return
    if proposal is None:
        st.html('<div class="tt-note">You judge this frame without a proposal.</div>')
    else:
        _proposal(proposal)
    st.checkbox("I am unsure", key=_unsure(served), help="Your answer counts once somebody else agrees.")
    if state.level is not None:
        _correction(person, served, state, state.level)
    else:
        if proposal is not None and proposal.level is not None:
            st.button(
                f"Accept {proposal.level.value}",
                shortcut="Enter",
                type="primary",
                width="stretch",
                on_click=_submit,
                args=(person, served, state, proposal.level),
            )
        _level_buttons(person, served, state, proposed=proposal.level if proposal else None)


def _unsure(served: ServedFrame) -> str:
    return f"unsure-{served.frame.id}"


def _proposal(proposal: Proposal) -> None:
    if proposal.level is None:
        detail = proposal.failure_detail or "Its reply holds no assessment."
        st.html(
            f'<div class="tt-label">The model gave no answer</div><div class="tt-text">{plain(detail)}</div>'
        )
    else:
        st.html(
            f'<div class="tt-label">Proposed</div>{level_chip(proposal.level)}'
            f'<div class="tt-label">Reasoning</div><div class="tt-text">{plain(proposal.reasoning or "")}</div>'
            f'<div class="tt-label">Operator action</div><div class="tt-text">{plain(proposal.action or "")}</div>'
        )
    if proposal.chain_of_thought:
        st.html(
            f'<div class="tt-label">Chain of thought</div>'
            f'<div class="tt-thought" tabindex="0">{plain(proposal.chain_of_thought)}</div>'
        )


def _level_buttons(
    person: Person, served: ServedFrame, state: OnScreen, *, proposed: TriageLevel | None
) -> None:
    row = st.container(horizontal=True)  # wraps where a level's whole name has no room
    for number, level in enumerate(LEVELS, start=1):
        row.button(
            level.value.capitalize(),
            key=f"level-{served.frame.id}-{level.value}-{state.first_level}",
            shortcut=str(number),
            width="stretch",
            on_click=_choose,
            args=(person, served, state, level, proposed),
        )


def _choose(
    person: Person,
    served: ServedFrame,
    state: OnScreen,
    level: TriageLevel,
    proposed: TriageLevel | None,
) -> None:
    if served.mode is Mode.DECIDE_FIRST and state.first_level is None:
        try:
            kept = record_first_level(store(), int(person.id or 0), served.frame.id, level)
            state.first_level = kept.first_level
        except TeletriageError as error:
            state.problem = str(error)
    elif level is proposed:
        _submit(person, served, state, level)
    else:
        state.level = level


def _correction(person: Person, served: ServedFrame, state: OnScreen, level: TriageLevel) -> None:
    st.html(f'<div class="tt-label">Your level</div>{level_chip(level)}')
    boxes = _boxes(served, level)
    code = st.selectbox(
        "What decides it?",
        list(ReasonCode),
        index=None,  # nobody saves a reason that they did not choose
        format_func=lambda one: REASON_TITLES[one],
        key=f"code-{served.frame.id}",
        placeholder="Choose a reason, or write it yourself",
    )
    if code is not state.code:
        state.code = code
        _compose(served, level)
    st.text_area("Reasoning", key=boxes[0], height=90, max_chars=600)
    st.text_area("Operator action", key=boxes[1], height=70, max_chars=300)
    save, back = st.columns(2)
    save.button(
        "Save",
        shortcut="Ctrl+Enter",
        type="primary",
        width="stretch",
        on_click=_save,
        args=(person, served, state, level),
    )
    back.button("Back", shortcut="Esc", width="stretch", on_click=_back, args=(state,))


def _boxes(served: ServedFrame, level: TriageLevel) -> tuple[str, str]:
    """The keys of the two boxes."""
    return f"reasoning-{served.frame.id}-{level.value}", f"action-{served.frame.id}-{level.value}"


def _compose(served: ServedFrame, level: TriageLevel) -> None:
    """Put the chosen reason's words into the boxes in which nobody has written."""
    code = st.session_state.get(f"code-{served.frame.id}")
    if code is None:
        return
    templates = [composed_assessment(one, level) for one in ReasonCode]
    composed = composed_assessment(code, level)
    for box, name in zip(_boxes(served, level), ("reasoning", "action"), strict=True):
        held = str(st.session_state.get(box, ""))
        if not held.strip() or held in {getattr(one, name) for one in templates}:
            st.session_state[box] = getattr(composed, name)


def _save(person: Person, served: ServedFrame, state: OnScreen, level: TriageLevel) -> None:
    """Save what stands in the boxes now: the press that saves also ends the typing, and the boxes were drawn before."""
    reasoning, action = (str(st.session_state.get(box, "")).strip() for box in _boxes(served, level))
    if reasoning and action:
        code = st.session_state.get(f"code-{served.frame.id}")
        _submit(person, served, state, level, reasoning, action, code)
    else:
        state.problem = "Not saved. Choose what decides it, or write a reasoning and an operator action."


def _back(state: OnScreen) -> None:
    state.level = None


def _submit(
    person: Person,
    served: ServedFrame,
    state: OnScreen,
    level: TriageLevel,
    reasoning: str | None = None,
    action: str | None = None,
    code: ReasonCode | None = None,
) -> None:
    decision = Decision(
        token=state.token,
        frame_id=served.frame.id,
        level=level,
        first_level=state.first_level,
        reasoning=reasoning,
        action=action,
        reason_code=code.value if code else None,
        guideline_version=current_guideline(store()).version,
        seconds_shown=min(time.monotonic() - state.since_s, 86_400),
        is_unsure=bool(st.session_state.get(_unsure(served))),
    )
    try:
        submit_review(store(), int(person.id or 0), decision)
    except TeletriageError as error:
        state.problem = str(error)
