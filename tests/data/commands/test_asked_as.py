"""A model whose weights lie here is asked as it was trained; of another it is said that nobody knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from annotator.__main__ import app
from data.commands.asked_as import AskedAs, asked_as
from data.errors import ProposalError
from data.terminal import Settings
from data.vlm.moment import STILL, Lookback
from data.vocabulary import ReplyForm
from tests.data.vlm.test_model_card import TRAINED, a_folder

TIMED = {**TRAINED, "frames": 3, "spacing_s": 1.0, "image_width_px": 640}
NOTHING = dict.fromkeys(("weights", "model", "revision", "form", "width_px", "frames", "spacing_s"))


def asked(**given: Any) -> AskedAs:
    return asked_as(Settings(Path("nowhere")), **{**NOTHING, **given})


def test_weights_that_lie_here_are_asked_as_they_were_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_folder(tmp_path / "timed", TIMED)
    shape = asked(weights=folder)
    assert (shape.form, shape.width_px, shape.lookback) == (ReplyForm.LEVEL_FIRST, 640, Lookback(3, 1.0))
    assert shape.known is not None
    assert shape.model == shape.known.served_name
    assert asked(weights=folder, frames=3, model="aligned").model == "aligned"
    assert asked(model=str(folder)).lookback == Lookback(3, 1.0)
    assert capsys.readouterr().err == ""


def test_of_an_endpoints_name_alone_it_is_said_that_nobody_knows_how_to_ask_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shape = asked(model="aligned", frames=3)
    assert (shape.form, shape.width_px, shape.lookback) == (ReplyForm.LEVEL_FIRST, 640, Lookback(3, 0.5))
    said = capsys.readouterr().err
    assert "does not say how aligned was trained" in said
    assert "it is asked with 3 frames 0.5 s apart" in said
    assert (asked(model="aligned").lookback, asked(model="aligned").width_px) == (STILL, 1152)
    with pytest.raises(typer.BadParameter, match="--model"):
        asked()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"frames": 1}, "was trained with 3 frames 1 s apart per question and cannot be asked with 1 frame"),
        ({"spacing_s": 0.5}, "cannot be asked with 3 frames 0.5 s apart"),
        ({"width_px": 1152}, "was trained with image_width_px 640 and cannot be asked with 1152"),
        ({"form": ReplyForm.WORDS_FIRST}, "form level_first and cannot be asked with words_first"),
    ],
)
def test_another_question_than_the_weights_know_is_refused(
    given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ProposalError, match=said):
        asked(weights=a_folder(tmp_path / "timed", TIMED), **given)


@pytest.mark.parametrize("command", ["monitor", "throughput"])
def test_the_monitor_and_throughput_refuse_it_before_they_ask_anybody(command: str, tmp_path: Path) -> None:
    folder, sheet = a_folder(tmp_path / "timed", TIMED), tmp_path / "feeds.yaml"
    sheet.write_text("feeds:\n  - {name: van, scene: scene-0001}\n")
    feeds = ["--feeds", str(sheet)] if command == "monitor" else []
    options = ["--weights", str(folder), "--endpoint", "http://127.0.0.1:9/v1", "--frames", "1", *feeds]
    result = CliRunner().invoke(app, ["--workspace", str(tmp_path / "workspace"), command, *options])
    assert isinstance(result.exception, ProposalError)
    assert "cannot be asked with 1 frame" in str(result.exception)
