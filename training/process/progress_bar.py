"""A progress bar on stderr for a person at a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TextIO

from rich.console import Console
from rich.progress import Progress


@contextlib.contextmanager
def progress_bar(stream: TextIO) -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """Yields (what to call with done and total, what to call with a line of text)."""
    console = Console(file=stream, markup=False, highlight=False)
    bar = Progress(console=console)
    task = bar.add_task("training", total=None)

    def show(done: int, total: int) -> None:
        bar.start()  # not before there is something to show: a run may be refused
        bar.update(task, completed=done, total=total)

    try:
        yield show, console.print
    finally:
        if bar.live.is_started:
            bar.stop()
