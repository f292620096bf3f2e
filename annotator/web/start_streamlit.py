"""Streamlit's own start, with what Streamlit has no setting for: no `server` header, a connection that does not send a
request's head in time is closed, and no component of another package is looked for.

`teletriage review` ends in it; `teletriage demo` runs it as `python -m annotator.web.start_streamlit run …`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import click
import uvicorn
from streamlit.components.v2 import manifest_scanner
from streamlit.web.cli import main
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from annotator.settings import STOPPED_SAYS
from data.terminal import INTERRUPTED

HEAD_S = 20.0
"""nginx asks for the same within 10 s; this is for whoever reaches the app without it."""


class PromptProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, to clients that send their heads within `head_s`."""

    head_s = HEAD_S
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._late is None:
            self._late = asyncio.get_running_loop().call_later(self.head_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def run(words: Sequence[str]) -> NoReturn:
    """Serve as Streamlit's command line with these words does, and end this process.

    No screen has a component of another package, and the search reads the description of every installed one: half of
    what starting takes.
    """
    manifest_scanner.scan_component_manifests = lambda *_: []
    uvicorn.Config = partial(uvicorn.Config, server_header=False, http=PromptProtocol)  # type: ignore[misc,assignment]
    _end(_start(words))


def _start(words: Sequence[str]) -> int:
    """Run Streamlit's command line to its end; returns the exit code."""
    try:
        main(words, prog_name="streamlit", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:  # how click tells of Ctrl-C
        if said := os.environ.get(STOPPED_SAYS):
            print(said, file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    return 0


def _end(code: int) -> NoReturn:
    """End this process, in which nothing runs any more. The interpreter is not taken apart: DuckDB would print a line
    for every one of its objects that a module still names."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run(sys.argv[1:])
