"""The navigation of a person: their screens in groups, and the way home."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from annotator.runtime import store
from annotator.screens import (
    agreement,
    annotators,
    audit_trail,
    frame,
    frames,
    monitor,
    my_frames,
    people,
    progress,
    provenance,
    reports,
    review,
    review_plain,
    runs,
    snapshot,
    trust,
)
from annotator.screens.lead import adjudicate, guideline, overview
from annotator.shell.addresses import HOMES, Screen, screens_of
from annotator.widgets.page import empty_state
from data.errors import TeletriageError
from data.people.permissions import require
from data.store.tables import Person

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

SHOWN: dict[str, Callable[[Person], None]] = {
    "review": review.show,
    "my-frames": my_frames.show,
    "review-plain": review_plain.show,
    "overview": overview.show,
    "adjudicate": adjudicate.show,
    "guideline": guideline.show,
    "progress": progress.show,
    "agreement": agreement.show,
    "trust": trust.show,
    "annotators": annotators.show,
    "reports": reports.show,
    "frames": frames.show,
    "frame": frame.show,
    "snapshot": snapshot.show,
    "runs": runs.show,
    "provenance": provenance.show,
    "monitor": monitor.show,
    "people": people.show,
    "audit-trail": audit_trail.show,
}
"""What draws each of the addresses."""


def navigation_for(person: Person) -> StreamlitPage:
    """The navigation of everything this person may open.

    The root has a page of its own that only leads home: Streamlit gives its first page no address.
    """
    screens = screens_of(person.role)
    pages = {screen.path: _page(screen, person) for screen in screens}
    home = st.Page(
        _named(partial(_led_to, pages[HOMES[person.role]]), "home"),
        title="teletriage",
        default=True,
        visibility="hidden",
    )
    grouped: dict[str, list[StreamlitPage]] = defaultdict(list, {"": [home]})
    is_flat = len({screen.group for screen in screens}) == 1
    for screen in screens:
        grouped["" if is_flat else screen.group].append(pages[screen.path])
    return st.navigation(grouped, position="top")


def _page(screen: Screen, person: Person) -> StreamlitPage:
    return st.Page(
        _named(partial(_opened, screen, person), screen.path),
        title=screen.title,
        url_path=screen.path,
        visibility="visible" if screen.is_listed else "hidden",
    )


def _led_to(page: StreamlitPage) -> None:
    st.switch_page(page)


def _opened(screen: Screen, person: Person) -> None:
    """Draw a screen for somebody who may see it now: being in the navigation is not enough."""
    try:
        with store().read() as session:
            require(session, int(person.id or 0), screen.act)
        SHOWN[screen.path](person)
    except TeletriageError as refused:
        empty_state("This cannot be shown", str(refused))


def _named(show: partial[None], name: str) -> partial[None]:
    """Streamlit tells pages apart by the function's name."""
    show.__name__ = name  # type: ignore[attr-defined]
    return show
