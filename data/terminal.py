"""How commands speak: figures on stdout as sentences or as one JSON object, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from data.asking import Tally
    from data.store import Store

QUIET_INTERVAL_S = 60.0
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")
]


@dataclass(frozen=True)
class Settings:
    """What the global options say; every command finds it as `ctx.obj`."""

    workspace: Path
    store_url: str | None = None

    def open_store(self, *, create: bool = False) -> Store:
        """The workspace's store, or the one that --store names."""
        from data.store import open_store  # noqa: PLC0415 - `--help` must not wait for the database library

        return open_store(self.workspace, url=self.store_url, create=create)

    @property
    def store_place(self) -> Path | str:
        """The workspace folder, or the database address that stands in its place."""
        return self.store_url or self.workspace


def print_result(figures: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    """The outcome of a command: the figures as JSON, or the sentence for people."""
    print(json.dumps(figures, ensure_ascii=False, default=str) if as_json else sentence)  # noqa: T201


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where that is a terminal; yields what to call with (done, total)."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def asking_bar(title: str) -> Iterator[Callable[[Tally], None]]:
    """A bar on stderr for asking a model: rate, time left and failures by reason; yields what to call with the
    tally. Where stderr is no terminal it says one line a minute instead."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

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
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None, rate="", failures="")

        def show(tally: Tally) -> None:
            nonlocal said_at_s
            now_s = time.monotonic()
            rate = f"{tally.done / max(now_s - begun_s, 1e-3):.1f} frames/s"
            failures = listed(dict(tally.failures))
            bar.update(task, completed=tally.done, total=tally.total, rate=rate, failures=failures)
            if not console.is_terminal and now_s - said_at_s >= QUIET_INTERVAL_S:
                said_at_s = now_s
                print(f"{title}: {tally.done:,} of {tally.total:,}, {rate}. {failures}", file=sys.stderr)  # noqa: T201

        yield show


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun.

    >>> counted(1, "frame"), counted(1200, "frame"), counted(0, "reply", "replies")
    ('1 frame', '1,200 frames', '0 replies')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(counts: dict[str, int]) -> str:
    """Counts by reason in one line.

    >>> listed({"image_missing": 403, "empty": 1})
    '403 image missing, 1 empty'
    """
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items())
