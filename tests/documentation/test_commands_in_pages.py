"""What the pages tell people to type is taken by the commands there are."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from annotator.__main__ import app
from tests.documentation.pages import PAGES, Typed, typed
from tests.repository import ROOT

UsageError = typer.BadParameter.__mro__[1]
ROOT_COMMAND: Any = typer.main.get_command(app)
REFERENCE = ROOT / "docs" / "reference" / "commands.md"
LINES = [line for page in PAGES if page != REFERENCE for line in typed(page)]
PLACEHOLDER = "…"


def parse(line: Typed) -> None:
    """Let click read a line as it would in a shell, without running anything. Raises UsageError."""
    words = [word for word in line.words[1:] if word != PLACEHOLDER]
    command = ROOT_COMMAND
    context = command.make_context("teletriage", words, resilient_parsing=False)
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        leaves_out = PLACEHOLDER in line.words
        context = command.make_context(name, rest, parent=context, resilient_parsing=leaves_out)


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_line_that_a_page_tells_people_to_type_is_a_command(
    line: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:8080")  # as the page says beside it
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "key")
    parse(line)


def test_pages_show_most_commands() -> None:
    assert len(LINES) > 50


@pytest.mark.parametrize(
    "words",
    [("teletriage", "ingset", "x"), ("teletriage", "ingest", "x", "--verson", "y"), ("teletriage", "train")],
)
def test_a_line_that_no_command_takes_is_found(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        parse(Typed(ROOT / "README.md", words))
