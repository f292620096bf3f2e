"""The monitor screen: the console, under the page's head."""

from __future__ import annotations

from annotator.monitor import console
from annotator.screens.look import page_head
from data.tables import Person


def show(person: Person) -> None:
    """The console of the person signed in."""
    page_head(person, "Monitor")
    console.mount_console(person)
