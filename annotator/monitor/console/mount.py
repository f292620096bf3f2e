"""Mounting the console: one component made of the files beside this one, and of what it shares with the card."""

from __future__ import annotations

from importlib import resources
from typing import Any

import streamlit as st

from data.live.shift import MANUAL_WORDS
from data.store.tables import Person
from data.text.visible import invisible_class
from data.vocabulary import ManualReason

SHARED = ("text.js", "server.js", "outbox.js")
SCRIPTS = (
    "words.js",
    "sound.js",
    "wall.js",
    "clip.js",
    "alerts.js",
    "answers.js",
    "large.js",
    "missed.js",
    "last_hour.js",
    "handover.js",
    "console.js",
)
"""In this order they make one module; the last one exports what Streamlit calls."""


def _file(name: str) -> str:
    return resources.files("annotator.monitor.console").joinpath(name).read_text(encoding="utf-8")


def _shared(name: str) -> str:
    return resources.files("annotator.review_card").joinpath("js", name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "monitor",
    html=_file("console.html"),
    css=_file("console.css"),
    js="\n".join([*map(_shared, SHARED), *(_file(f"js/{name}") for name in SCRIPTS)]),
    isolate_styles=False,
)


def console_data(person: Person) -> dict[str, Any]:
    """What the console needs before it hears anything: who, and how reasons are called."""
    return {
        "person": person.id,
        "invisible": invisible_class(),
        "manual": {reason.value: MANUAL_WORDS[reason] for reason in ManualReason},
    }


def mount_console(person: Person) -> None:
    """Put the console on the page; from then on it talks to its own routes."""
    _mount(key="monitor", data=console_data(person), height="content")
