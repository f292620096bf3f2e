from __future__ import annotations

from pathlib import Path

import pytest

from annotator.monitor.rules.limits import Limits
from annotator.monitor.rules.limits_file import read_limits
from annotator.monitor.sources.feed_sheet import read_feed_sheet
from data.errors import FeedError
from data.vocabulary import FeedKind


def written(folder: Path, text: str) -> Path:
    path = folder / "feeds.yaml"
    path.write_text(text)
    return path


def test_feeds_are_read_in_their_order_with_paths_beside_the_file(tmp_path: Path) -> None:
    sheet = read_feed_sheet(
        written(
            tmp_path,
            """
            feeds:
              - {name: van-7, camera: "rtsp://10.0.0.7:554/front", options: {rtsp_transport: udp}}
              - {name: gate, folder: incoming}
              - {name: drive, video: drive.mp4, begin_s: 3}
              - {name: rehearsal, scene: scene-0103}
            """,
        )
    )
    kinds = [(feed.name, feed.kind) for feed in sheet.feeds]
    assert kinds == [
        ("van-7", FeedKind.CAMERA),
        ("gate", FeedKind.FOLDER),
        ("drive", FeedKind.VIDEO),
        ("rehearsal", FeedKind.REPLAY),
    ]
    assert sheet.feeds[1].source == str(tmp_path / "incoming")
    assert sheet.feeds[3].source == "scene-0103"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("feeds: []", "feeds: list should have at least 1 item"),
        ("feeds:\n  - {name: a, scene: x, video: y}", "feeds 1: give exactly one of scene, video, camera"),
        ("feeds:\n  - {name: a}", "feeds 1: give exactly one of"),
        ("feeds:\n  - {name: a, scene: x}\n  - {name: a, scene: y}", "two feeds are called 'a'"),
        ("feeds:\n  - {name: '../a', scene: x}", "feeds 1 name: string should match"),
        ("feeds:\n  - {name: a, scne: x}", "feeds 1 scne: extra inputs are not permitted"),
        ("feeds: [", "is not YAML"),
        (
            "feeds:\n  - {name: a, scene: x, begin_s: .inf}",
            "feeds 1 begin_s: input should be a finite number",
        ),
        ("feeds:\n  - {name: a, scene: x}\nfeeds:\n  - {name: b, scene: y}", "the key feeds stands twice"),
        ("feeds:\n  - {name: a, scene: x, name: b}", "the key name stands twice"),
        ("feeds: " + "[" * 5000, "is not YAML: it is nested too deeply"),
        ("feeds: 2026-13-45", "is not YAML: a value cannot be read: month must be in 1..12"),
        ("? [a]\n: b", "is not YAML"),
        ("x: &x {a: 1}\nfeeds: [{<<: *x}]", "mappings are not merged (<<) here"),
        ("- a", "the file: input should be a valid dictionary"),
        ("feeds:\n  - {name: a, scene: x, begin_s: -1}", "feeds 1 begin_s: input should be greater"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_names_the_place(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(FeedError) as caught:
        read_feed_sheet(written(tmp_path, text))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"nowhere\.yaml cannot be read"):
        read_feed_sheet(tmp_path / "nowhere.yaml")


def test_limits_of_a_file_stand_over_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text("agreeing: 5\n")
    assert read_limits(path) == Limits(agreeing=5)
    assert read_limits(None) == Limits()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("agreeing: 5\nagreeing: 1\n", "the key agreeing stands twice"),
        ("clock_s: .inf\n", "clock_s: input should be a finite number"),
        ("boundary_every_s: .nan\n", "boundary_every_s: input should be"),
        ("[" * 5000, "it is nested too deeply"),
        ("agreeing: 0b\n", "agreeing: input should be a valid integer"),
        ("agreeing: 1:\n", "cannot be read"),
    ],
)
def test_limits_that_are_none_are_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "limits.yaml").write_text(text)
    with pytest.raises(FeedError) as caught:
        read_limits(tmp_path / "limits.yaml")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_promise_of_more_than_two_seconds_is_no_promise(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text("manual_after_s: 5\n")
    with pytest.raises(FeedError, match="manual_after_s: input should be less than or equal to 2"):
        read_limits(path)
