"""The frames screen: the grid, under the page's head."""

from __future__ import annotations

from annotator.frame_grid import grid
from annotator.widgets.page import page_head
from data.store.tables import Person


def show(person: Person) -> None:
    """The grid of the person signed in; the address is what it asks."""
    page_head(person, "Frames")
    grid.mount_grid(person)
