"""One frame and everything that was said of it, under an address that a lead can send; without one, what is next."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

import streamlit as st

from annotator.pictures.signed_addresses import SMALL_PX
from annotator.runtime import store
from annotator.sign_in.visitor import frame_image
from annotator.widgets.frame_links import frames_address
from annotator.widgets.grounded_text import faults, faults_html, marked_html
from annotator.widgets.page import empty_state, frame_caption, level_chip, page_head, plain, review_marks
from annotator.widgets.tables import figures_table
from data.errors import TeletriageError
from data.find.question import MAX_WORDS_CHARS, About, Question
from data.frames.erased import why_aside
from data.grounding.acts import Key, Said, key_of, words_of
from data.grounding.said import ground_said
from data.grounding.words import Grounding
from data.overview.contested import frames_around
from data.overview.frame_history import FrameView, frame_view, next_in_line
from data.pictures.blurred import ASKED_UNBLURRED
from data.store.tables import Adjudication, ModelRun, Person, Proposal, Review
from data.verification.standing import standing
from data.vocabulary import Mode, VerificationState

Found = Mapping[Key, Grounding]
_MODES = {
    Mode.ASSISTED: "saw the proposal",
    Mode.DECIDE_FIRST: "decided first",
    Mode.BLIND: "blind",
    Mode.STACK: "judged with a look-alike",
}


def show(person: Person) -> None:
    """The frame that `?id=` names, by id or image file name."""
    page_head(person, "Frame")
    address = st.text_input(
        "Frame",
        st.query_params.get("id", ""),
        placeholder="Id, file name, or scene-0103 frame 17",
    )
    if not address:
        _next(person)
        return
    try:
        view = frame_view(store(), int(person.id or 0), address)
    except TeletriageError as error:
        empty_state("No such frame", str(error))
        _search(address)
        return
    st.query_params["id"] = view.frame.id
    left, right = st.columns([62, 38], gap="medium")
    with left:
        _picture(person, view)
    with right:
        _standing(view)
        _terms(view)
    with store().read() as session:
        acts: list[Said] = [row for row, _ in view.adjudications]
        acts += [row for row, _ in view.reviews]
        acts += [row for row, _ in view.proposals]
        found = ground_said(session, acts)
    st.html(f'<div class="tt-side">{_cards(view, found)}</div>')


def _search(words: str) -> None:
    """To the grid, which finds frames by their scene and by what was written about them."""
    wanted = words.strip()[:MAX_WORDS_CHARS]
    links = [("Search what was written about frames", f"frames?{Question(words=wanted).address}")]
    if " " not in wanted:
        links.insert(0, ("Frames of the scene with this name", frames_address((About.SCENE, wanted))))
    told = ", ".join(f'<a href="{escape(link)}" target="_self">{title}</a>' for title, link in links)
    st.html(f'<p class="tt-centre">{told}</p>')


def _next(person: Person) -> None:
    waiting = next_in_line(store(), int(person.id or 0))
    if not waiting:
        empty_state("Nothing waits for a review", "Frames appear here in the order in which they are served.")
        return
    st.header("Next in line")
    st.caption("Why each frame is at this place in the queue; annotators never see this.")
    names = list(dict.fromkeys(name for one in waiting for name in one.terms))
    is_asked = any(one.asked_next for one in waiting)
    rows = [
        {
            "frame": frame_caption(one.frame, one.scene),
            **({"before the order": "; ".join(one.asked_next)} if is_asked else {}),
            "priority": f"{one.priority:.3f}",
            **{name.replace("_", " "): _term(one.terms.get(name)) for name in names},
            "id": one.frame.id,
            "open": f"frame?{urlencode({'id': one.frame.id})}",
        }
        for one in waiting
    ]
    figures_table(rows, name="next-in-line", link="open")


def _term(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _picture(person: Person, view: FrameView) -> None:
    caption = frame_caption(view.frame, view.scene)
    if (why := why_aside(view.frame)) is not None:
        st.html(f'<div class="tt-note">{plain(why)}</div>')
    else:
        address = frame_image(person, view.frame.id)
        alt = f"Front camera picture, {caption}"
        st.html(f'<img class="tt-frame" src="{escape(address)}" alt="{escape(alt)}">')
    cues = "; ".join(f"{cue.replace('_', ' ')}: {evidence}" for cue, evidence in view.frame.cues.items())
    unknown = ", ".join(cue.replace("_", " ") for cue in view.frame.unknown_cues or ())
    unseen = f". Could not be looked for: {unknown}" if unknown else ""
    st.html(
        f'<div class="tt-note">{plain(caption)}. {plain(view.scene.description)}</div>'
        f'<div class="tt-note">Cues: {plain((cues or "none") + unseen)}</div>'
    )
    around = "".join(
        f'<img src="{escape(frame_image(person, one.id, width_px=SMALL_PX))}" alt="Frame {one.position + 1}">'
        for one in frames_around(store(), view.frame)
    )
    if around:
        strip = f'<div class="tt-label">Before and after</div><div class="tt-strip">{around}</div>'
        st.html(strip + ("" if why else _player(view)))


def _player(view: FrameView) -> str:
    """The way to the moment; a frame without a picture has none."""
    words = "Play the seconds before it, with boxes and the other cameras"
    return f'<a href="frames?frame={escape(view.frame.id)}" target="_self">{words}</a>'


def _standing(view: FrameView) -> None:
    status = view.status
    if status is None:
        st.html('<div class="tt-text">Not in review: not sampled, not asked about, or set aside.</div>')
    else:
        level = level_chip(status.level) if status.level else ""
        more = f", {status.reviews_needed} more needed" if status.reviews_needed else ""
        gold = " It is gold: it tests people." if view.is_gold else ""
        st.html(
            f'<div class="tt-label">Where it stands</div><div class="tt-text">{status.state.value}{more} {level}'
            f"{gold}</div>"
        )
        if status.state is VerificationState.CONTESTED:
            st.html(
                f'<a href="adjudicate?frame={escape(view.frame.id)}" target="_self">Settle it under Adjudicate</a>'
            )
    st.html('<div class="tt-label">Address to send to another lead or a trainer</div>')
    st.code(f"{(st.context.url or '').partition('?')[0]}?id={view.frame.id}", language=None, wrap_lines=True)


def _terms(view: FrameView) -> None:
    if view.status is None or not view.status.reviews_needed:
        return
    rows = "".join(
        f'<tr><td>{plain(name.replace("_", " "))}</td><td class="n">{value:.3f}</td></tr>'
        for name, value in view.status.priority_terms.items()
    )
    total = f'<tr><th>priority</th><td class="n">{view.status.priority:.3f}</td></tr>'
    st.html(
        f'<div class="tt-label">Why it is at this place in the queue</div>'
        f'<table class="tt-table">{rows}{total}</table>'
        + "".join(f"<p>Served before the order: {plain(one)}</p>" for one in view.asked_next)
    )


def _cards(view: FrameView, found: Found) -> str:
    current = {review.id for review in standing(review for review, _ in view.reviews)}
    cards = [
        _settled(row, who, found, stands=row.id not in view.taken_back) for row, who in view.adjudications
    ]
    cards += [_said(row, who, found, stands=row.id in current) for row, who in view.reviews]
    cards += [
        _proposed(row, run, found, is_unblurred=row.id in view.asked_unblurred) for row, run in view.proposals
    ]
    return "".join(cards) or '<div class="tt-note">Nobody has said anything of this frame yet.</div>'


def _card(title: str, chip: str, *paragraphs: str) -> str:
    texts = "".join(f'<div class="tt-text">{plain(text)}</div>' for text in paragraphs if text)
    return f'<div class="tt-card"><div class="tt-label">{plain(title)}</div>{chip}{texts}</div>'


def _worded(title: str, row: Said, found: Found, *more: str) -> str:
    """A card whose words are held against what is there."""
    words = words_of(row)
    if words is None:
        return _card(title, level_chip(row.level) if row.level else "", *more)
    parts, judged = words.parts(), found[key_of(row)]
    texts = "".join(
        f'<div class="tt-text">{marked_html(parts[part], judged, part)}</div>'
        for part in ("reasoning", "action")
        if parts[part]
    )
    told = faults_html(faults(parts, judged))
    return _card(title, f"{level_chip(words.level)}{texts}{told}", *more)


def _settled(row: Adjudication, who: Person, found: Found, *, stands: bool) -> str:
    title = f"Settled by {who.display_name}{'' if stands else ', taken back'}"
    return _worded(title, row, found, f"Why: {row.reason}")


def _said(row: Review, who: Person, found: Found, *, stands: bool) -> str:
    title = f"{who.display_name}, {_MODES[row.mode]}{review_marks(row)}{'' if stands else ', replaced since'}"
    if row.reasoning:
        return _worded(title, row, found)
    return _card(title, level_chip(row.level), "The proposal's words stand.", row.action or "")


def _proposed(row: Proposal, run: ModelRun, found: Found, *, is_unblurred: bool) -> str:
    title = f"{run.role.value} {run.name}{f', {ASKED_UNBLURRED}' if is_unblurred else ''}"
    if row.level is None:
        failed = f"No assessment: {row.failure_detail or 'no reason kept'}"
        return _card(title, "", failed)
    return _worded(title, row, found, _chances(row))


def _chances(row: Proposal) -> str:
    if not row.level_probabilities:
        return ""
    named = zip(("A", "S", "T"), row.level_probabilities, strict=True)
    return "Probabilities: " + ", ".join(f"{name} {chance:.0%}" for name, chance in named)
