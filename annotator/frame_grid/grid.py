"""Mounting the grid: one component made of the files beside this one, and of what it shares with the card."""

from __future__ import annotations

from importlib import resources
from typing import Any

import streamlit as st

from annotator.player import told as player
from annotator.widgets.page import LEVEL_MARKS
from data.find.question import ADDS, DAYS, MEANINGS, Sort
from data.people.permissions import Act, may
from data.store.tables import Person
from data.text.visible import invisible_class
from data.vocabulary import LEVELS

SHARED = ("text.js", "server.js")
SCRIPTS = ("words.js", "cells.js", "filters.js", "opened.js", "picked.js", "views.js", "grid.js")
"""In this order they make one module; the last one exports what Streamlit calls."""
SORT_TITLES = {
    Sort.QUEUE: "Position in the queue",
    Sort.TIME: "Newest first",
    Sort.DISAGREEMENT: "Widest disagreement",
    Sort.TELEOPERATION: "Most probable TELEOPERATION",
    Sort.SECONDS: "Most time spent",
    Sort.SUSPICION: "Most suspicious level",
}


def _file(name: str) -> str:
    return resources.files("annotator.frame_grid").joinpath(name).read_text(encoding="utf-8")


def _shared(name: str) -> str:
    return resources.files("annotator.review_card").joinpath("js", name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "frame_grid",
    html=_file("grid.html"),
    css=player.style() + _file("grid.css"),
    js="\n".join([*map(_shared, SHARED), player.script(), *(_file(f"js/{name}") for name in SCRIPTS)]),
    isolate_styles=False,
)


def mount_grid(person: Person) -> None:
    """Put the grid on the page; from then on it talks to its own routes."""
    _mount(key="frame-grid", data=grid_data(person), height="content")


def grid_data(person: Person) -> dict[str, Any]:
    """What the grid needs before it knows any frame: who, and the words for what can be asked."""
    return {
        "person": person.id,
        "invisible": invisible_class(),
        "levels": {level.value: LEVEL_MARKS[level] for level in LEVELS},
        "filters": {about.value: meaning for about, meaning in MEANINGS.items()},
        "days": [about.value for about in DAYS],
        "adds": sorted(about.value for about in ADDS),
        "leads": may(person.role, Act.ADJUDICATE),
        "sorts": {sort.value: title for sort, title in SORT_TITLES.items()},
    }
