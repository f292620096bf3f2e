"""What screens have in common to the eye: level chips, the page's head, safe text."""

from __future__ import annotations

from html import escape
from importlib import resources

import streamlit as st

from annotator.settings import settings
from data.store.tables import Frame, Person, Review, Scene
from data.text.visible import visible
from data.vocabulary import TriageLevel

LEVEL_COLOURS = {
    TriageLevel.AUTONOMY: "#56B4E9",
    TriageLevel.SUPERVISION: "#E69F00",
    TriageLevel.TELEOPERATION: "#CC79A7",
}
LEVEL_MARKS = {TriageLevel.AUTONOMY: "●", TriageLevel.SUPERVISION: "▲", TriageLevel.TELEOPERATION: "■"}


def level_chip(level: TriageLevel) -> str:
    """HTML of a level: its mark, its colour and its name."""
    return (
        f'<span class="tt-chip" style="background:{LEVEL_COLOURS[level]}">'
        f"{LEVEL_MARKS[level]} {level.value}</span>"
    )


def plain(text: str) -> str:
    """Untrusted text as HTML that shows it letter by letter."""
    return escape(visible(text)).replace("\n", "<br>")


def page_head(person: Person, title: str) -> None:
    """The screen's title, who is signed in, and the way out."""
    css = resources.files("annotator.widgets").joinpath("look.css").read_text(encoding="utf-8")
    st.html(f"<style>{css}</style>")
    st.html(
        f'<div class="tt-head"><h1>{escape(title)}</h1>'
        f'<form class="tt-who" method="post" action="sign-out"><span>{plain(person.display_name)} · '
        f'{person.role.value}</span>{_password_link(person)}<button type="submit">Sign out</button></form></div>'
    )


def _password_link(person: Person) -> str:
    """For whoever has a password here; the others change theirs at the identity provider."""
    link = '<a href="password" target="_self">Change password</a>'
    return link if person.password_hash and settings().passwords else ""


def review_marks(review: Review) -> str:
    """What stands beside a review's level, in words after a name; nothing for most."""
    marks = [
        (review.is_unsure, "unsure"),
        (review.is_unconfirmed, "in under a second, not confirmed"),
        (review.is_taken_back, "taken back"),
    ]
    return "".join(f", {words}" for is_marked, words in marks if is_marked)


def made_mark(frame: Frame) -> str:
    """HTML that says that a generator made the picture; nothing for one that a camera took."""
    return '<span class="tt-made">generated</span>' if frame.generated_clip_id else ""


def frame_caption(frame: Frame, scene: Scene) -> str:
    """Where and when a frame was taken, in plain text; the scene of a generated one says what it is."""
    return " · ".join(filter(None, (scene.name, f"frame {frame.position + 1}", scene.location)))


def empty_state(title: str, text: str) -> None:
    """What a screen says when there is nothing to show."""
    st.html(f'<div class="tt-empty"><h2>{escape(title)}</h2><p>{escape(text)}</p></div>')
