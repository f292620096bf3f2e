"""`sample` asks before it holds out so few scenes that no report could give an interval."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlmodel import select
from typer.testing import CliRunner, Result

from annotator.__main__ import app
from data.commands import frames
from data.errors import SamplingError
from data.store import Store
from data.store.tables import SampledFrame
from tests.builders import a_store

FEW = "Only 2 scenes would be held out: reports give no interval on fewer than 10 scenes."


@pytest.fixture
def store(tmp_path: Path) -> Store:
    scenes = {f"scene-{n:04}": 2 for n in range(1, 5)}
    return a_store(tmp_path, scenes=scenes, sampled=False)


def sample(folder: Path, *words: str, answer: str = "") -> Result:
    held_out = ("--train", "2", "--held-out", "2")
    return CliRunner().invoke(
        app, ["--workspace", str(folder / "workspace"), "sample", *held_out, *words], input=answer
    )


def drawn(store: Store) -> int:
    with store.read() as session:
        return len(session.exec(select(SampledFrame)).all())


def test_where_nobody_can_be_asked_it_draws_nothing_and_says_how(store: Store, tmp_path: Path) -> None:
    refused = sample(tmp_path)
    assert isinstance(refused.exception, SamplingError)
    assert str(refused.exception) == f"{FEW} Give --yes to draw so, or a larger --held-out."
    assert drawn(store) == 0
    assert sample(tmp_path, "--dry-run").exit_code == 0
    assert drawn(store) == 0
    assert sample(tmp_path, "--yes").exit_code == 0
    assert drawn(store) == 4
    assert sample(tmp_path).exit_code == 0, "the same draw again changes nothing and asks nothing"


@pytest.mark.parametrize(("answer", "code", "n"), [("\n", 1, 0), ("n\n", 1, 0), ("y\n", 0, 4)])
def test_at_a_terminal_it_draws_only_after_a_yes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, n: int
) -> None:
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(frames, "sys", terminal)
    done = sample(tmp_path, answer=answer)
    assert f"{FEW} Draw so? [y/N]" in done.stderr
    assert (done.exit_code, drawn(store)) == (code, n)


def test_ten_scenes_are_enough_not_to_ask(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={f"scene-{n:04}": 1 for n in range(1, 25)}, sampled=False)
    done = CliRunner().invoke(
        app, ["--workspace", str(tmp_path / "workspace"), "sample", "--train", "10", "--held-out", "10"]
    )
    assert (done.exit_code, "Draw so?" in done.stderr) == (0, False), done.output
    assert drawn(store) == 20
