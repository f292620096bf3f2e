"""How commands speak: figures on stdout as sentences or as one JSON object, progress on stderr, the next command below
the figures, and what is kept when Ctrl-C stops one."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pydantic import ValidationError

    from data.store.opening import Store

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")
]


@dataclass(frozen=True)
class Settings:
    """What the global options say; every command finds it as `ctx.obj`."""

    workspace: Path
    store_url: str | None = None
    given: tuple[str, ...] = ()
    """The global options as they were given, for commands to copy; without a password."""

    def open_store(self, *, create: bool = False) -> Store:
        """The workspace's store, or the one that --store names."""
        from data.store.opening import open_store  # noqa: PLC0415 - `--help` must not wait for the database library

        return open_store(self.workspace, url=self.store_url, create=create)

    def command(self, *words: object) -> str:
        """A command line to copy, with the global options that this one was given.

        >>> Settings(Path("w"), given=("--workspace", "my w")).command("train", "--out", Path("runs/first"))
        "teletriage --workspace 'my w' train --out runs/first"
        """
        return shlex.join(["teletriage", *self.given, *map(str, words)])

    def made(self, path: Path) -> Path:
        """Where a folder to write lies: a relative one lies in the workspace, so that the app lists it."""
        return self.workspace / path

    def found(self, path: Path) -> Path:
        """A folder to read: a relative one is looked up here, then in the workspace."""
        return path if path.exists() or not (self.workspace / path).exists() else self.workspace / path


def print_result(figures: dict[str, Any], sentence: str, *, as_json: bool, then: str | None = None) -> None:
    """The outcome of a command: the figures as JSON, or the sentence for people and the command that comes next."""
    following = f"\nNext: {then}" if then else ""
    print(json.dumps(figures, ensure_ascii=False, default=str) if as_json else sentence + following)  # noqa: T201


_WANTED = {
    "int_parsing": "is not a whole number",
    "float_parsing": "is not a number",
    "less_than_equal": "is too large: give {le} or less",
    "less_than": "is too large: give less than {lt}",
    "greater_than_equal": "is too small: give {ge} or more",
    "greater_than": "is too small: give more than {gt}",
}
"""What is wrong with a number that an option was given, by pydantic's name for it."""


def refused_value(error: ValidationError) -> str:
    """What is wrong with an option's value, with the value; pydantic's own sentence does not name it.

    >>> from pydantic import TypeAdapter
    >>> from typing import Annotated
    >>> from annotated_types import Le
    >>> for given in ("many", "99999"):
    ...     try:
    ...         TypeAdapter(Annotated[int, Le(65535)]).validate_python(given)
    ...     except ValueError as error:
    ...         refused_value(error)
    "'many' is not a whole number."
    "'99999' is too large: give 65535 or less."
    """
    first = error.errors()[0]
    wanted = _WANTED.get(first["type"])
    if wanted is None:
        return first["msg"].removeprefix("Value error, ")
    return f"{str(first['input'])!r} {wanted.format(**first.get('ctx', {}))}."


Kept = str | Callable[[Mapping[str, Any]], str]
"""What a command keeps when it is stopped and how to go on: a sentence, or what makes one of its arguments."""
Command = Callable[..., None]
INTERRUPTED = 130


def stopped_says(kept: Kept) -> Callable[[Command], Command]:
    """Have Ctrl-C print how far the command was, what is kept and how to go on; it exits with 130."""

    def saying(command: Command) -> Command:
        @wraps(command)
        def run(*args: Any, **arguments: Any) -> None:
            try:
                command(*args, **arguments)
            except KeyboardInterrupt as stop:
                where = "".join(f" {note}" for note in getattr(stop, "__notes__", ())[:1])
                words = kept if isinstance(kept, str) else kept(arguments)
                print(f"Stopped{where}. {words}", file=sys.stderr)  # noqa: T201
                raise typer.Exit(INTERRUPTED) from None

        return run

    return saying


@contextmanager
def counting_to_the_stop() -> Iterator[Callable[[int, int | None], None]]:
    """Have an interruption carry how far the work was: yields what to call with (done, total)."""
    reached: list[tuple[int, int | None]] = []

    def count(done: int, total: int | None) -> None:
        reached[:] = [(done, total)]

    try:
        yield count
    except KeyboardInterrupt as stop:
        for done, total in reached:
            stop.add_note(f"at {done:,} of {total:,}" if total else f"at {done:,}")
        raise


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where that is a terminal; yields what to call with (done, total)."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    with counting_to_the_stop() as count, bar:
        task = bar.add_task(title, total=None)

        def show(done: int, total: int) -> None:
            count(done, total)
            bar.update(task, completed=done, total=total)

        yield show
