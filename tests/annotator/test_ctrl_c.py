"""Every command that there is, stopped in its first line: it says so, how to go on, and exits with 130. Where the real
signal comes in the middle of the work: `test_interrupted_commands`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
import typer

from annotator.__main__ import app


def commands(group: Any, *words: str) -> Iterator[tuple[str, Any]]:
    """Every command by its words."""
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, *words, name)
        else:
            yield " ".join((*words, name)), one


TELETRIAGE: Any = typer.main.get_command(app)
COMMANDS = dict(commands(TELETRIAGE))
PLACES = {
    "snapshot": ["new"],
    "tables": ["--csv", "new"],
    "evaluate": ["--out", "new"],
}
"""What is typed where a sentence names a folder that a command can do without."""


def words_for(parameter: Any) -> list[str]:
    """What is typed for a parameter that has to be given."""
    kind = parameter.type_descriptor.annotation
    if inspect.isclass(kind) and issubclass(kind, Enum):
        word = str(next(iter(kind)).value)
    else:
        word = "1" if kind in (int, float) else "http://127.0.0.1:9/v1" if "url" in parameter.name else "new"
    return [parameter.opts[0], word] if parameter.opts[0].startswith("-") else [word]


@contextmanager
def stopped_in(code: CodeType) -> Iterator[list[str]]:
    """KeyboardInterrupt in the first line of a function; yields the name of it once that happened."""
    reached: list[str] = []

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is code:
            reached.append(code.co_name)
            raise KeyboardInterrupt

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield reached
    finally:
        sys.setprofile(before)


def command_itself(callback: Callable[..., Any]) -> CodeType:
    """The code of a command below its decorators and typer's own wrapper."""
    code: CodeType = inspect.unwrap(callback).__code__
    return code


@pytest.mark.parametrize("line", COMMANDS)
def test_ctrl_c_in_any_command_says_how_to_go_on_and_exits_with_130(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    command = COMMANDS[line]
    needed = [word for one in command.params if one.required for word in words_for(one)]
    words = ["--workspace", str(tmp_path), *line.split(), *(needed or PLACES.get(line, []))]
    with stopped_in(command_itself(command.callback)) as reached:
        code = TELETRIAGE.main(words, prog_name="teletriage", standalone_mode=False)
    told = capsys.readouterr()
    assert (bool(reached), code, told.out) == (True, 130, "")
    assert told.err.startswith("Stopped. ")
    assert "same command" in told.err or "`teletriage " in told.err
    assert "None" not in told.err
    assert list(tmp_path.iterdir()) == []
