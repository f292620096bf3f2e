"""The review screen: the card, under the page's head."""

from __future__ import annotations

from annotator.review_card import card
from annotator.runtime import store
from annotator.widgets.page import page_head
from data.people.card_settings import settings_of
from data.store.tables import Person


def show(person: Person) -> None:
    """The review screen of the person signed in."""
    page_head(person, "Review")
    card.mount_card(person, settings_of(store(), int(person.id or 0)))
