"""Mounting the card: one component made of the html, css and js files beside this one."""

from __future__ import annotations

from importlib import resources
from typing import Any

import streamlit as st

from annotator.player import told as player
from annotator.review_card.reason_codes import REASON_KEYS, REASON_TITLES, ReasonCode, composed_assessment
from annotator.review_card.specifics import HOW_FAR, WHAT, WHERE
from annotator.widgets.page import LEVEL_MARKS
from data.grounding.level_words import NEGATION, PHRASES
from data.people.card_settings import DEFAULT_KEYS, CardSettings
from data.store.tables import Person
from data.text.visible import invisible_class
from data.vocabulary import LEVELS, MAX_ACTION_CHARS, MAX_REASONING_CHARS

SCRIPTS = (
    "server.js", "outbox.js", "keys.js", "picture.js", "strip.js", "stack.js", "panel.js", "wording.js",
    "side.js", "dialogs.js", "tour.js", "notices.js", "deciding.js", "card.js",
)  # fmt: skip
"""After `text.js` and the player, in this order, they make one module; the last one exports what Streamlit calls."""


def _file(name: str) -> str:
    return resources.files("annotator.review_card").joinpath(name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "review_card",
    html=_file("card.html"),
    css=_file("card.css") + player.style(),
    js="\n".join([_file("js/text.js"), player.script(), *(_file(f"js/{name}") for name in SCRIPTS)]),
    isolate_styles=False,
)


def mount_card(person: Person, settings: CardSettings) -> None:
    """Put the card on the page; from then on it talks to its own routes."""
    _mount(key="review-card", data=card_data(person, settings), height="content")


def card_data(person: Person, settings: CardSettings) -> dict[str, Any]:
    """What the card needs before it knows any frame: who, how, and the words to compose with."""
    return {
        "person": person.id,
        "settings": settings.model_dump(),
        "default_keys": DEFAULT_KEYS,
        "levels": [{"name": level.value, "mark": LEVEL_MARKS[level]} for level in LEVELS],
        "reasons": [_reason(code) for code in ReasonCode],
        "specifics": {
            "what": [{"text": text} for text in WHAT],
            "where": [{"text": text, "key": key} for key, text in WHERE.items()],
            "far": [{"text": text, "key": key} for key, text in HOW_FAR.items()],
        },
        "contradiction": {
            "phrases": {level.value: phrases for level, phrases in PHRASES.items()},
            "negation": NEGATION,
        },
        "invisible": invisible_class(),
        "limits": {"reasoning": MAX_REASONING_CHARS, "action": MAX_ACTION_CHARS},
    }


def _reason(code: ReasonCode) -> dict[str, Any]:
    texts = {level.value: composed_assessment(code, level) for level in LEVELS}
    return {
        "code": code.value,
        "title": REASON_TITLES[code],
        "key": REASON_KEYS[code],
        "texts": {name: {"reasoning": text.reasoning, "action": text.action} for name, text in texts.items()},
    }
