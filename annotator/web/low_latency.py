"""Sets TCP_NODELAY on Streamlit's sockets and freezes the garbage collector, so that responses are not delayed.

Streamlit's server binds its socket without TCP_NODELAY: the body of every response then waits for the client to
acknowledge the headers, which operating systems delay by 40 ms. And the modules and caches loaded at start-up make a
full garbage collection take a tenth of a second, during which nobody is served.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

SWITCH_INTERVAL_S = 0.0005
"""An act gives up the interpreter with every question to the store, and would get it back only after 5 ms whenever
another thread is busy (a picture, the order of review): some fifty times in one answer."""
_OPEN_FILES = Path("/dev/fd")
_SETTLED_S = 1.0
"""By then whoever had come before the doors opened has been let in."""
_WARM_S = 60.0
"""By then the screens that are in use have loaded what they need."""


@asynccontextmanager
async def low_latency(app: object) -> AsyncIterator[None]:
    """While the app runs. Connections inherit what is set on the socket that listens; those that were made before
    are seen to a moment later."""
    set_no_delay()
    spare_what_stays()
    loop = asyncio.get_running_loop()
    later = [loop.call_later(_SETTLED_S, set_no_delay), loop.call_later(_WARM_S, spare_what_stays)]
    yield
    for one in later:
        one.cancel()


def spare_what_stays() -> None:
    """Take what is there now out of the garbage collector's rounds, once what is garbage is gone."""
    gc.collect()
    gc.freeze()


def set_no_delay() -> None:
    """Set TCP_NODELAY on every TCP socket of this process."""
    for one in _tcp_sockets():
        with suppress(OSError):  # closed meanwhile
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _tcp_sockets() -> Iterator[socket.socket]:
    """Each under a number of its own, open until the next is asked for."""
    try:
        numbers = [int(path.name) for path in _OPEN_FILES.iterdir()]
    except OSError:  # a system without such a folder: answers are slower there
        return
    for number in numbers:
        with suppress(OSError):  # closed since it was listed
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with closing(socket.socket(fileno=os.dup(number))) as one:
                    if one.family in (socket.AF_INET, socket.AF_INET6) and one.type == socket.SOCK_STREAM:
                        yield one
