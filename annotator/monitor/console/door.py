"""Who comes in to the console, and the way on to the running monitor."""

from __future__ import annotations

from functools import cache

from annotator.monitor.console.link import Link
from annotator.runtime import COOKIE, store
from annotator.web.json_door import Door
from data.people.permissions import Act

DOOR = Door(
    lambda: store(),  # noqa: PLW0108 - the name is looked up when somebody asks
    COOKIE,
    signed_out="You are signed out. Watch the feeds yourself until you have signed in again.",
    needs=Act.WATCH_FEEDS,
)


@cache
def link() -> Link:
    """The one line of this process to the monitor."""
    return Link(DOOR.store())
