"""The review screen: the card, under the page's head."""

from __future__ import annotations

from annotator.review_card import card
from annotator.runtime import store
from annotator.screens.look import page_head
from data.person_settings import settings_of
from data.tables import Person


def show(person: Person) -> None:
    """The review screen of the person signed in."""
    page_head(person, "Review")
    card.mount_card(person, settings_of(store(), int(person.id or 0)))
