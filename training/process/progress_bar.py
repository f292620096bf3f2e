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
    with Progress(console=console) as bar:
        task = bar.add_task("training", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total), console.print
