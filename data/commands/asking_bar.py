"""A bar on stderr for asking a model: rate, time left and failures by reason."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from data.terminal import counting_to_the_stop
from data.text.phrases import listed

if TYPE_CHECKING:
    from data.proposals.asking import Tally

QUIET_INTERVAL_S = 60.0


@contextmanager
def asking_bar(title: str) -> Iterator[Callable[[Tally], None]]:
    """A bar on stderr for asking a model: rate, time left and failures by reason; yields what to call with the
    tally. Where stderr is no terminal it says one line a minute instead."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console, begun_s = Console(file=sys.stderr), time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failures]}"),
    )
    said_at_s = begun_s
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    with counting_to_the_stop() as count, bar:
        task = bar.add_task(title, total=None, rate="", failures="")

        def show(tally: Tally) -> None:
            nonlocal said_at_s
            count(tally.done, tally.total)
            now_s = time.monotonic()
            rate = f"{tally.done / max(now_s - begun_s, 1e-3):.1f} frames/s"
            failures = listed(dict(tally.failures))
            bar.update(task, completed=tally.done, total=tally.total, rate=rate, failures=failures)
            if not console.is_terminal and now_s - said_at_s >= QUIET_INTERVAL_S:
                said_at_s = now_s
                print(f"{title}: {tally.done:,} of {tally.total:,}, {rate}. {failures}", file=sys.stderr)

        yield show
