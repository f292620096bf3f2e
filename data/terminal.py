"""How commands speak: figures on stdout as sentences or as one JSON object, progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from data.store.opening import Store

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
        from data.store.opening import open_store  # noqa: PLC0415 - `--help` must not wait for the database library

        return open_store(self.workspace, url=self.store_url, create=create)


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
