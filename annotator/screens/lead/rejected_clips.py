"""Generated clips that people rejected, for leads: one key threw each out, so one button brings it back.

Their frames are shown nowhere else any more; here one of each is, because nobody could decide without it.
"""

from __future__ import annotations

import secrets
from html import escape

import streamlit as st

from annotator.pictures.signed_addresses import SMALL_PX
from annotator.runtime import store
from annotator.sign_in.visitor import frame_image
from annotator.widgets.page import plain
from data.errors import TeletriageError
from data.scenarios.plausibility import Judgement, Rejection, judge_clip, rejections
from data.store.tables import Person
from data.text.phrases import counted

_SAID = {True: "plausible", False: "impossible", None: "no verdict"}


def show_rejected(person: Person) -> None:
    """The rejected clips, folded; nothing where there are none."""
    rejected = rejections(store())
    if not rejected:
        return
    with st.expander(f"{counted(len(rejected), 'generated clip')} rejected as impossible"):
        for one in rejected:
            text, picture, back = st.columns([55, 25, 20], vertical_alignment="center")
            text.html(_text(one))
            address = frame_image(person, one.frame_id, width_px=SMALL_PX)
            picture.html(f'<img class="tt-frame" src="{escape(address)}" alt="{escape(one.clip.name)}">')
            back.button(
                "Take it back", key=f"clip-{one.clip.id}", on_click=_take_back, args=(person, one.frame_id)
            )


def _text(one: Rejection) -> str:
    critics = "".join(f" {model} says: {_SAID[said]}." for model, said in one.critics.items())
    scenario = one.clip.scenario.replace("_", " ")
    about = f"{scenario}, from {one.clip.model} · {one.person.display_name}: {one.judgement.reason}{critics}"
    return f'<div class="tt-text">{plain(one.clip.name)}</div><div class="tt-note">{plain(about)}</div>'


def _take_back(person: Person, frame_id: str) -> None:
    """Pressing twice writes once: the second time there is nothing to take back."""
    back = Judgement(
        token=secrets.token_hex(16), frame_id=frame_id, is_rejected=False, reason="Taken back by a lead."
    )
    try:
        judge_clip(store(), int(person.id or 0), back)
    except TeletriageError as error:
        st.toast(str(error))
