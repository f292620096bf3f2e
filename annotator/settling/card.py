"""Mounting the settling card: one component made of the files beside this one and of the review card's scripts."""

from __future__ import annotations

from importlib import resources
from typing import Any

import streamlit as st

from annotator.player import told as player
from annotator.widgets.page import LEVEL_MARKS
from data.people.card_settings import CardSettings
from data.store.tables import Person
from data.text.visible import invisible_class
from data.vocabulary import LEVELS, MAX_ACTION_CHARS, MAX_REASONING_CHARS

SHARED_SCRIPTS = ("text.js", "server.js", "keys.js", "picture.js", "strip.js")
SCRIPTS = ("said.js", "decision.js", "settling.js")
"""After the shared ones and the player, in this order; the last one exports what Streamlit calls."""


def _file(room: str, name: str) -> str:
    return resources.files(f"annotator.{room}").joinpath(name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "settling_card",
    html=_file("settling", "card.html"),
    css=_file("review_card", "card.css") + player.style() + _file("settling", "card.css"),
    js="\n".join(
        [
            *(_file("review_card", f"js/{name}") for name in SHARED_SCRIPTS),
            player.script(),
            *(_file("settling", f"js/{name}") for name in SCRIPTS),
        ]
    ),
    isolate_styles=False,
)


def mount_settling(person: Person, settings: CardSettings, *, wanted: str | None) -> None:
    """Put the card on the page. wanted: the id of the frame that the page's address names."""
    _mount(key="settling-card", data=card_data(person, settings, wanted), height="content")


def card_data(person: Person, settings: CardSettings, wanted: str | None) -> dict[str, Any]:
    """What the card needs before it knows any frame."""
    return {
        "person": person.id,
        "keys_on": settings.keys_on,
        "wanted": wanted,
        "levels": [{"name": level.value, "mark": LEVEL_MARKS[level]} for level in LEVELS],
        "invisible": invisible_class(),
        "limits": {"reasoning": MAX_REASONING_CHARS, "action": MAX_ACTION_CHARS},
    }
