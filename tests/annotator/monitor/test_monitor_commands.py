from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from annotator.__main__ import app
from data.errors import FeedError, ProposalError, TeletriageError
from tests.annotator.monitor.watched_feeds import a_model
from tests.builders import a_store

RUNNER = CliRunner()


def a_sheet(folder: Path, text: str = "feeds:\n  - {name: van, scene: scene-0001}\n") -> str:
    path = folder / "feeds.yaml"
    path.write_text(text)
    return str(path)


def test_a_short_watch_prints_one_json_object_and_the_shift_reports_it(tmp_path: Path) -> None:
    a_store(tmp_path).close()
    place = ["--workspace", str(tmp_path / "workspace")]
    with a_model() as (stand_in, _):
        asked = ["--feeds", a_sheet(tmp_path), "--endpoint", stand_in.url, "--model", "tiny-vl"]
        done = RUNNER.invoke(app, [*place, "monitor", *asked, "--seconds", "1.2", "--json"])
    told = json.loads(done.stdout)
    assert (told["feeds"], told["alerts"], told["failed"]) == (1, 0, 0)
    assert told["answers"] >= 1
    shift = RUNNER.invoke(app, [*place, "shift-report", "--json"])
    report = json.loads(shift.stdout)
    assert report["answers"]["n"] == told["answers"]
    assert report["alerts"]["per_feed_hour"]["n"] == 0
    assert report["alert_latency_s"] == {"n": 0, "p50": None, "p95": None, "p99": None}
    text = RUNNER.invoke(app, [*place, "shift-report"]).stdout
    assert "0 alerts (0 TELEOPERATION), 0.00 per feed-hour (0.00 to" in text


@pytest.mark.parametrize(
    ("path", "model", "sentence"),
    [
        ("", "tiny-lv", "does not serve 'tiny-lv'; it serves tiny-vl. For as long as it does not"),
        (
            "/nowhere",
            "tiny-vl",
            "/nowhere answers with status 404 when asked for its models. For as long as",
        ),
    ],
)
def test_an_endpoint_that_will_not_answer_is_named_at_once(
    path: str, model: str, sentence: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    a_store(tmp_path).close()
    with a_model() as (stand_in, _):
        asked = ["--feeds", a_sheet(tmp_path), "--endpoint", f"{stand_in.url}{path}", "--model", model]
        place = ["--workspace", str(tmp_path / "workspace")]
        RUNNER.invoke(app, [*place, "monitor", *asked, "--seconds", "1.5"])
    assert sentence in caplog.text


@pytest.mark.parametrize(
    ("sheet", "endpoint", "error", "sentence"),
    [
        (
            "feeds:\n  - {name: a, scene: scene-9}\n",
            "http://127.0.0.1:9/v1",
            FeedError,
            "no scene called 'scene-9'",
        ),
        ("feeds:\n  - {name: a, video: no.mp4}\n", "http://127.0.0.1:9/v1", FeedError, "which is not a file"),
        (
            "feeds:\n  - {name: a, folder: nowhere}\n",
            "http://127.0.0.1:9/v1",
            FeedError,
            "which is not a folder",
        ),
        ("feeds:\n  - {name: a, scene: scene-0001}\n", "here", ProposalError, "'here' is not an endpoint"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_frame(
    sheet: str, endpoint: str, error: type[TeletriageError], sentence: str, tmp_path: Path
) -> None:
    a_store(tmp_path).close()
    place = ["--workspace", str(tmp_path / "workspace")]
    asked = ["--feeds", a_sheet(tmp_path, sheet), "--endpoint", endpoint, "--model", "m"]
    done = RUNNER.invoke(app, [*place, "monitor", *asked])
    assert isinstance(done.exception, error)
    assert sentence in str(done.exception)
