"""Which screens a role sees, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from annotator.runtime import store
from annotator.screens import (
    agreement,
    annotators,
    frame,
    monitor,
    my_frames,
    people,
    progress,
    provenance,
    reports,
    review,
    review_plain,
    snapshot,
    trust,
)
from annotator.screens.lead import adjudicate, guideline
from data.people.permissions import Act, may, require
from data.store.tables import Person

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage


def navigation_for(person: Person) -> StreamlitPage:
    """The navigation of everything this person may open; the first entry is home."""
    screens = [
        (Act.REVIEW, review.show, "Review", "review", ":material/rate_review:"),
        (Act.REVIEW, my_frames.show, "My frames", "my-frames", ":material/history:"),
        (Act.REVIEW, review_plain.show, "Plain review", "review-plain", ":material/article:"),
        (Act.WATCH_FEEDS, monitor.show, "Monitor", "monitor", ":material/videocam:"),
        (Act.SEE_PROGRESS, progress.show, "Progress", "progress", ":material/monitoring:"),
        (Act.ADJUDICATE, adjudicate.show, "Adjudicate", "adjudicate", ":material/gavel:"),
        (Act.SEE_PROGRESS, frame.show, "Frame", "frame", ":material/image_search:"),
        (Act.WRITE_GUIDELINE, guideline.show, "Guideline", "guideline", ":material/menu_book:"),
        (Act.SEE_PROGRESS, agreement.show, "Agreement", "agreement", ":material/handshake:"),
        (Act.SEE_PROGRESS, trust.show, "Trust", "trust", ":material/verified_user:"),
        (Act.SEE_PROGRESS, annotators.show, "Annotators", "annotators", ":material/group:"),
        (Act.FREEZE_SNAPSHOT, snapshot.show, "Snapshot", "snapshot", ":material/inventory_2:"),
        (Act.SEE_PROGRESS, provenance.show, "Provenance", "provenance", ":material/account_tree:"),
        (Act.SEE_REPORTS, reports.show, "Reports", "reports", ":material/assessment:"),
        (Act.MANAGE_PEOPLE, people.show, "People", "people", ":material/manage_accounts:"),
    ]
    pages = [
        st.Page(_named(partial(_opened, show, person, act), path), title=title, url_path=path, icon=icon)
        for act, show, title, path, icon in screens
        if may(person.role, act)
    ]
    return st.navigation(pages, position="top")


def _opened(show: Callable[[Person], None], person: Person, act: Act) -> None:
    """Draw a screen for somebody who may see it now: being in the navigation is not enough."""
    with store().read() as session:
        require(session, int(person.id or 0), act)
    show(person)


def _named(show: partial[None], name: str) -> partial[None]:
    """Streamlit tells pages apart by the function's name."""
    show.__name__ = name  # type: ignore[attr-defined]
    return show
