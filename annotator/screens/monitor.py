"""The monitor screen: the console, under the page's head."""

from __future__ import annotations

from annotator.monitor.console import mount
from annotator.widgets.page import page_head
from data.store.tables import Person


def show(person: Person) -> None:
    """The console of the person signed in."""
    page_head(person, "Monitor")
    mount.mount_console(person)
