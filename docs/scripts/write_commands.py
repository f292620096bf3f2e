"""Writes docs/reference/commands.md from the commands themselves: `python docs/scripts/write_commands.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from annotator.__main__ import app  # noqa: E402 - the checkout that this file stands in, not an installed one

PAGE = ROOT / "docs" / "reference" / "commands.md"
INTRODUCTION = """# Commands

This page is generated from the code by `docs/scripts/write_commands.py`; a test compares the two. Options before the
command hold for every command. Commands that print figures take `--json` and then print one JSON object on stdout;
progress goes to stderr. Exit codes: 0 done, 1 a domain rule said no, 2 wrong arguments, 3 `evaluate --against` refused
a run, 130 interrupted.
"""


def page() -> str:
    """The whole page as Markdown."""
    root = typer.main.get_command(app)
    parts = [INTRODUCTION, "## Options before the command", _options(root)]
    for name, command in _each(root, ()):
        parts += [
            f"## teletriage {name}",
            _help(command),
            f"```text\n{_usage(name, command)}\n```",
            _options(command),
        ]
    return "\n\n".join(part for part in parts if part).rstrip() + "\n"


def _each(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for name, inner in command.commands.items():
        yield from _each(inner, (*words, name))


def _help(command: Any) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n")).replace(
        "<", "&lt;"
    )


def _usage(name: str, command: Any) -> str:
    return f"teletriage {name} " + " ".join(command.collect_usage_pieces(_context(command)))


def _context(command: Any) -> typer.Context:
    return typer.Context(command, info_name="teletriage")


def _options(command: Any) -> str:
    rows = [row for parameter in command.params if (row := parameter.get_help_record(_context(command)))]
    rows = [row for row in rows if not row[0].startswith("--help")]
    if not rows:
        return ""
    lines = [f"| {_cell(f'`{name}`')} | {_cell(text)} |" for name, text in rows]
    return "\n".join(["| option | meaning |", "| --- | --- |", *lines])


def _cell(text: str) -> str:
    return (
        " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
        if "`" not in text
        else text.replace("|", "\\|")
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
