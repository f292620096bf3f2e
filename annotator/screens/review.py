"""The review screen: the card, under the page's head, and the way on where a browser does not run the card."""

from __future__ import annotations

import streamlit as st

from annotator.review_card import card
from annotator.runtime import store
from annotator.widgets.page import page_head
from data.people.card_settings import settings_of
from data.store.tables import Person

_WITHOUT_THE_CARD = """<p class="tt-no-card">Is the card missing? <a href="review-plain" target="_self">Review without
it</a>.</p>"""


def show(person: Person) -> None:
    """The review screen of the person signed in."""
    page_head(person, "Review")
    st.html(_WITHOUT_THE_CARD)
    card.mount_card(person, settings_of(store(), int(person.id or 0)))
