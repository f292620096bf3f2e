"""Settling contested frames: what each person said, side by side, and the lead's answer with a written reason."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import streamlit as st

from annotator.pictures.signed_addresses import SMALL_PX
from annotator.runtime import store
from annotator.screens.lead.rejected_clips import show_rejected
from annotator.sign_in.visitor import frame_image
from annotator.widgets.page import (
    LEVEL_MARKS,
    empty_state,
    frame_caption,
    level_chip,
    made_mark,
    page_head,
    plain,
    review_marks,
)
from annotator.widgets.text_differences import marked
from data.errors import TeletriageError
from data.overview.contested import (
    ContestedFrame,
    contested_frames,
    frames_around,
    random_share_to_settle,
)
from data.review.adjudication import Settlement, adjudicate, other_leads
from data.review.gold import make_gold
from data.review.notes import MAX_REASON_CHARS, close_flags, open_flags
from data.store.tables import Person, Review
from data.text.phrases import counted
from data.vocabulary import LEVELS, TriageLevel


def show(person: Person) -> None:
    """The queue of contested frames, AUTONOMY versus TELEOPERATION first; `?frame=` names one of them."""
    page_head(person, "Adjudicate")
    _flags(person)
    show_rejected(person)
    _just_settled(person)
    contested = contested_frames(store())
    measuring = random_share_to_settle(store())
    if measuring and _wants_to_measure():
        contested = measuring
        if st.query_params.get("frame") not in {one.frame.id for one in measuring}:
            st.query_params.pop("frame", None)  # of the contested frames, which are not shown now
    _say_if_not_contested(contested)
    if not contested:
        empty_state(
            "No frame is contested", "Frames on which two people disagree about the level appear here."
        )
        return
    wide = sum(one.spread > 1 for one in contested)
    st.caption(
        f"{counted(len(contested), 'contested frame')}, {wide:,} of them AUTONOMY versus TELEOPERATION."
        if contested[0].reviews
        else "The next frames of the random share. What people and the model said of them is hidden."
    )
    chosen = _chosen(contested)
    picture, panel = st.columns([62, 38], gap="medium")
    with picture:
        _picture(person, chosen)
    with panel:
        _settle(person, chosen)


def _wants_to_measure() -> bool:
    """Whether the lead settles frames of the random share, which show how far people follow the model."""
    return st.toggle(
        "Settle frames of the random share",
        key="settle-random-share",
        help="Drawn at random and settled whatever people said of them. Automation bias is measured on them and on "
        "gold alone.",
    )


def _just_settled(person: Person) -> None:
    frame_id = st.session_state.get("settled_frame")
    if message := st.session_state.pop("settled", None):
        st.toast(message)
    if frame_id and st.button("Use this frame as a hidden test (gold)", icon=":material/stars:"):
        make_gold(store(), int(person.id or 0), frame_id)
        st.session_state.pop("settled_frame")
        st.toast("Added to the hidden tests. Annotators cannot see which frames are tests.")


def _say_if_not_contested(contested: list[ContestedFrame]) -> None:
    """An address that names another frame must not show the first contested one without a word."""
    wanted = st.query_params.get("frame")
    if wanted is None or any(one.frame.id == wanted for one in contested):
        return
    del st.query_params["frame"]
    st.html(
        f'<div class="tt-card" role="status">Frame {plain(wanted)} is not contested (any more). '
        f'<a href="frame?id={escape(quote(wanted))}" target="_self">See what was said of it</a></div>'
    )


def _chosen(contested: list[ContestedFrame]) -> ContestedFrame:
    """The frame in the address, or the first; the list lets one pick another and puts it into the address."""
    wanted = st.query_params.get("frame")
    place = next((n for n, one in enumerate(contested) if one.frame.id == wanted), 0)
    picked = st.selectbox(
        "Frame",
        range(len(contested)),
        index=place,
        format_func=lambda n: _queue_title(contested[n]),
        key=f"contested-{contested[place].frame.id}",
    )
    st.query_params["frame"] = contested[picked].frame.id
    return contested[picked]


def _queue_title(contested: ContestedFrame) -> str:
    if not contested.reviews:
        return frame_caption(contested.frame, contested.scene)
    levels = sorted({review.level.rank for review, _ in contested.reviews})
    said = " against ".join(LEVELS[rank].value for rank in levels)
    return f"{frame_caption(contested.frame, contested.scene)}: {said}"


def _flags(person: Person) -> None:
    """What people asked a lead to look at."""
    flags = open_flags(store())
    if not flags:
        return
    with st.expander(f"{len(flags)} flagged by annotators"):
        for flag in flags:
            text, picture, done = st.columns([50, 20, 30], vertical_alignment="center")
            caption = frame_caption(flag.frame, flag.scene)
            text.html(
                f'<div class="tt-text">{plain(flag.note.reason)}</div>'
                f'<div class="tt-note">{made_mark(flag.frame)} {plain(caption)} · '
                f"{plain(flag.person.display_name)}</div>"
            )
            if flag.frame.set_aside is None:
                address = frame_image(person, flag.frame.id, width_px=SMALL_PX)
                picture.html(f'<img class="tt-frame" src="{escape(address)}" alt="{escape(caption)}">')
            else:
                picture.html('<div class="tt-note">Set aside: its picture is broken.</div>')
            key = f"flag-{flag.note.id}"
            done.text_input(  # a label is Markdown, which a name must not become; a placeholder is plain text
                "Answer",
                key=f"{key}-answer",
                max_chars=MAX_REASON_CHARS,
                placeholder=f"Answer to {flag.person.display_name}",
            )
            done.button("Mark as resolved", key=key, on_click=_close_flag, args=(person, flag.frame.id, key))


def _close_flag(person: Person, frame_id: str, key: str) -> None:
    answer = str(st.session_state.get(f"{key}-answer") or "")
    close_flags(store(), int(person.id or 0), frame_id, token=f"{key}-closed", answer=answer)


def _picture(person: Person, contested: ContestedFrame) -> None:
    caption = frame_caption(contested.frame, contested.scene)
    address = frame_image(person, contested.frame.id)
    st.html(f'<img class="tt-frame" src="{escape(address)}" alt="Front camera picture, {escape(caption)}">')
    cues = ", ".join(cue.replace("_", " ") for cue in contested.frame.cues) or "none"
    about = f"{caption}. Cues: {cues}. {contested.scene.description}"
    link = f'<a href="frame?id={escape(contested.frame.id)}" target="_self">Open this frame</a>'
    if not contested.reviews:  # that page shows what people and the model said
        link = ""
    told = f"{made_mark(contested.frame)} {plain(about)}" + (f" · {link}" if link else "")
    st.html(f'<div class="tt-note">{told}</div><div class="tt-side">{_cards(contested)}</div>')
    _around(person, contested)


def _cards(contested: ContestedFrame) -> str:
    said = [
        (f"{who.display_name}{review_marks(review)}", review.level, *_words(contested, review))
        for review, who in contested.reviews
    ]
    cards = ""
    for place, (who, level, reasoning, action) in enumerate(said):
        other = said[0 if place else 1] if len(said) > 1 else said[place]
        cards += _card(who, level, marked(reasoning, other[2]), marked(action, other[3]))
    proposal = contested.proposal
    if proposal is not None and proposal.level is not None:
        cards += _card(
            "Model's proposal", proposal.level, plain(proposal.reasoning or ""), plain(proposal.action or "")
        )
    return cards


def _words(contested: ContestedFrame, review: Review) -> tuple[str, str]:
    """A review's words; those of the proposal where the person let them stand."""
    proposal = contested.proposal
    kept = ("", "") if proposal is None else (proposal.reasoning or "", proposal.action or "")
    return review.reasoning or kept[0], review.action or kept[1]


def _card(who: str, level: TriageLevel, reasoning: str, action: str) -> str:
    """A card; reasoning and action are HTML already."""
    return (
        f'<div class="tt-card"><div class="tt-label">{plain(who)}</div>{level_chip(level)}'
        f'<div class="tt-text">{reasoning}</div><div class="tt-label">Operator action</div>'
        f'<div class="tt-text">{action}</div></div>'
    )


def _around(person: Person, contested: ContestedFrame) -> None:
    """The frames before and after, small: what a moment alone does not tell."""
    pictures = "".join(
        f'<img src="{escape(frame_image(person, frame.id, width_px=SMALL_PX))}" '
        f'alt="Frame {frame.position + 1}" title="Frame {frame.position + 1}">'
        for frame in frames_around(store(), contested.frame)
    )
    if pictures:
        st.html(f'<div class="tt-label">Before and after</div><div class="tt-strip">{pictures}</div>')


def _settle(person: Person, contested: ContestedFrame) -> None:
    key = contested.frame.id
    if problem := _who_else_must(person, contested):
        st.html(f'<div class="tt-card" role="status">{plain(problem)}</div>')
    level = _level_keys(key)
    words = _words_for(contested, level) if level else None
    if level and words is None:
        st.caption("Nobody wrote a reasoning for this level; please write one.")
    if level:
        start = words or ("", "")
        st.text_area("Reasoning", start[0], key=f"reasoning-{key}-{level.value}", max_chars=600)
        st.text_area("Operator action", start[1], key=f"action-{key}-{level.value}", max_chars=300)
    st.text_area(
        "Why?", key=f"reason-{key}", max_chars=600, placeholder="Why this level? (kept in the record)"
    )
    st.button(
        "Settle this frame",
        type="primary",
        shortcut="Ctrl+Enter",
        width="stretch",
        disabled=level is None,
        on_click=_submit,
        args=(person, key, level),
    )
    if problem := st.session_state.pop("adjudication_problem", None):
        st.html(f'<div class="tt-card" role="alert">{plain(problem)}</div>')


def _who_else_must(person: Person, contested: ContestedFrame) -> str | None:
    """What to say to a lead who is one of those who disagree."""
    if person.id not in {who.id for _, who in contested.reviews}:
        return None
    with store().read() as session:
        others = [lead.display_name for lead in other_leads(session, int(person.id or 0))]
    if others:
        return f"You reviewed this frame, so it is for another lead to settle: {', '.join(others)}."
    return "You reviewed this frame. You may settle it all the same, since you are the only lead."


def _level_keys(frame_id: str) -> TriageLevel | None:
    """The three levels as keys 1, 2 and 3; returns the one chosen."""
    chosen: TriageLevel | None = st.session_state.get(f"level-{frame_id}")
    st.html('<div class="tt-label">Final level</div>')
    for one in LEVELS:
        st.button(
            f"{LEVEL_MARKS[one]} {one.value}",
            key=f"key-{one.value}",
            shortcut=str(one.rank + 1),
            type="primary" if one is chosen else "secondary",
            width="stretch",
            on_click=_pick,
            args=(frame_id, one),
        )
    return chosen


def _pick(frame_id: str, level: TriageLevel) -> None:
    st.session_state[f"level-{frame_id}"] = level


def _words_for(contested: ContestedFrame, level: TriageLevel) -> tuple[str, str] | None:
    """The latest human wording of this level, else the proposal's."""
    for review, _ in reversed(contested.reviews):
        if review.level is level and review.reasoning and review.action:
            return review.reasoning, review.action
    proposal = contested.proposal
    if proposal and proposal.level is level and proposal.reasoning and proposal.action:
        return proposal.reasoning, proposal.action
    return None


def _submit(person: Person, frame_id: str, level: TriageLevel) -> None:
    """Write what stands in the boxes now: the key that settles also ends the typing."""
    names = (f"reasoning-{frame_id}-{level.value}", f"action-{frame_id}-{level.value}", f"reason-{frame_id}")
    reasoning, action, reason = (str(st.session_state.get(name, "")).strip() for name in names)
    if not (reasoning and action and reason):
        st.session_state["adjudication_problem"] = "Reasoning, operator action and the reason are all needed."
        return
    settlement = Settlement(frame_id=frame_id, level=level, reasoning=reasoning, action=action, reason=reason)
    try:
        adjudicate(store(), int(person.id or 0), settlement)
    except TeletriageError as error:
        st.session_state["adjudication_problem"] = str(error)
        return
    st.session_state["settled"] = f"Settled as {level.value}."
    st.session_state["settled_frame"] = frame_id
    st.query_params.pop("frame", None)
