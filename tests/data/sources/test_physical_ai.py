"""Downloads made by the published form, small."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from data.errors import SourceError
from data.sources.checking import Checker
from data.sources.physical_ai.drives import CAMERA, PhysicalAI
from data.sources.physical_ai.reasoning import PLACE, Event, UnreadRow, read_events
from data.sources.port import Lack
from data.vocabulary import Pose, Split
from tests.data.sources.pictures import colour_of, sorted_out
from tests.data.sources.test_video import COLOURS, write_video

TIMES_MS = (0, 200, 500, 700, 1000)
LEVEL = {"qw": 1.0, "qx": 0.0, "qy": 0.0, "qz": 0.0}


def table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist([dict(row) for row in rows]), out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def a_video(folder: Path, times_ms: Sequence[int] = TIMES_MS) -> bytes:
    path = folder / "made.mp4"
    write_video(path, times_ms)
    content = path.read_bytes()
    path.unlink()
    return content


def a_motion(**changes: Any) -> bytes:
    rows = [{"timestamp": at * 100_000, **LEVEL, "x": at * 1.0, "y": 2.0, "z": 0.0} for at in range(-2, 13)]
    return table([row | changes for row in rows])


def times(*times_us: object) -> bytes:
    return table([{"timestamp": at_us} for at_us in times_us or [at * 1000 + 33 for at in TIMES_MS]])


def a_chunk(
    root: Path, clips: Mapping[str, Mapping[str, bytes]], number: int = 0, camera: str = CAMERA
) -> Path:
    """Archives of a chunk: by clip, its files by the end of their names where they differ from a whole clip's."""
    video = a_video(root if root.is_dir() else root.parent)
    of_camera = root / "camera" / camera / f"{camera}.chunk_{number:04d}.zip"
    of_motion = root / "labels" / "egomotion" / f"egomotion.chunk_{number:04d}.zip"
    for archive in (of_camera, of_motion):
        archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(of_camera, "w") as cameras, zipfile.ZipFile(of_motion, "w") as motions:
        for clip, files in clips.items():
            whole = {"mp4": video, "timestamps.parquet": times(), "egomotion.parquet": a_motion(), **files}
            for ending, content in whole.items():
                if ending.startswith("ego"):
                    motions.writestr(f"{clip}.{ending}", content)
                else:
                    cameras.writestr(f"{clip}.{camera}.{ending}", content)
    return of_camera


def a_download(root: Path) -> Path:
    """A clip for each side, words on one moment of the first."""
    a_chunk(root, {"clip-a": {}, "clip-b": {}})
    index = [
        {"clip_id": "clip-a", "chunk": 0, "split": "train", "clip_is_valid": True},
        {"clip_id": "clip-b", "chunk": 0, "split": "val", "clip_is_valid": True},
    ]
    (root / "clip_index.parquet").write_bytes(table(index))
    (root / "metadata").mkdir()
    (root / "metadata" / "data_collection.parquet").write_bytes(
        table([{"clip_id": "clip-a", "country": "Germany", "hour_of_day": 9}])
    )
    write_reasoning(root, [("clip-a", [{"event_start_timestamp": 210_000, "coc": "Slow: cones ahead."}])])
    return root


def write_reasoning(root: Path, rows: Sequence[tuple[str, object]]) -> Path:
    (root / PLACE).parent.mkdir(exist_ok=True)
    found = [
        {"clip_id": clip, "event_cluster": "Construction", "split": "train", "events": _as_json(events)}
        for clip, events in rows
    ]
    (root / PLACE).write_bytes(table(found))
    return root / PLACE


def _as_json(events: object) -> str | None:
    return events if events is None or isinstance(events, str) else json.dumps(events)


def test_pictures_poses_sides_and_places_meet_by_the_clip(tmp_path: Path) -> None:
    source = PhysicalAI(a_download(tmp_path))
    ((first, second), aside) = sorted_out(source.scenes())
    assert not aside
    assert (first.key, first.location, first.official_side) == ("clip-a", "Germany", Split.TRAIN)
    assert (second.location, second.official_side) == ("", Split.HELD_OUT)
    assert [frame.captured_at_us for frame in second.frames] == [33, 500_033, 1_000_033]
    assert [frame.pose for frame in second.frames] == [
        Pose(0.0, 2.0, 0.0),
        Pose(5.0, 2.0, 0.0),
        Pose(10.0, 2.0, 0.0),
    ]
    assert [colour_of(source.picture(second, frame)) for frame in second.frames] == [
        COLOURS[number] for number in (0, 2, 4)
    ]
    assert source.lacks == {Lack.BOXES, Lack.TEXT}


def test_the_moment_that_words_are_about_is_always_a_frame_and_has_their_cluster_as_a_tag(
    tmp_path: Path,
) -> None:
    ((first, _), _) = sorted_out(PhysicalAI(a_download(tmp_path)).scenes())
    assert [(frame.captured_at_us, frame.tags) for frame in first.frames[:2]] == [
        (33, ()),
        (200_033, ("Construction",)),
    ]


def test_unpacked_archives_and_a_download_of_the_camera_alone_are_read(tmp_path: Path) -> None:
    archive = a_chunk(tmp_path, {"clip-a": {}})
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(archive.with_suffix(""))
    archive.unlink()
    for file in (tmp_path / "labels" / "egomotion").iterdir():
        file.unlink()
    (tmp_path / "labels" / "egomotion").rmdir()
    source = PhysicalAI(tmp_path)
    ((scene,), _) = sorted_out(source.scenes())
    assert colour_of(source.picture(scene, scene.frames[1])) == COLOURS[2]
    assert {frame.pose for frame in scene.frames} == {None}
    assert source.lacks == frozenset(Lack)


BROKEN: dict[str, tuple[Callable[[Path], dict[str, bytes]], str]] = {
    "cut": (lambda folder: {"mp4": a_video(folder)[:400]}, "cut.camera_front_wide_120fov.mp4 cannot be read"),
    "empty": (lambda _: {"mp4": b""}, "empty.camera_front_wide_120fov.mp4 cannot be read as a video"),
    "untimed": (lambda _: {"timestamps.parquet": b""}, "timestamps.parquet cannot be read as Parquet"),
    "short": (
        lambda _: {"timestamps.parquet": times(1, 2)},
        "has 5 pictures, and short.camera_front_wide_120",
    ),
    "back": (
        lambda _: {"timestamps.parquet": times(0, 9, 7, 11, 12)},
        "runs backwards in row 3, from 9 to 7 µs",
    ),
    "words": (
        lambda _: {"timestamps.parquet": times(*"abcde")},
        "holds 'a' in row 1, which is no whole number",
    ),
    "before": (
        lambda _: {"timestamps.parquet": times(-5, 1, 2, 3, 4)},
        "was taken at -5 µs, which is no time",
    ),
    "turned": (
        lambda _: {"egomotion.parquet": a_motion(qw=float("nan"))},
        "The column qw of turned.egomotion.parquet holds nan in row 1, which is no number",
    ),
    "partial": (
        lambda _: {"egomotion.parquet": table([{"timestamp": 1, **LEVEL, "x": 1.0}])},
        "partial.egomotion.parquet has no column y; it has qw",
    ),
    "motion": (lambda _: {"egomotion.parquet": a_motion()[:100]}, "motion.egomotion.parquet cannot be read"),
}


def test_clips_of_no_use_are_set_aside_with_their_reason_and_the_rest_goes_in(tmp_path: Path) -> None:
    a_chunk(tmp_path, {"good": {}, **{name: make(tmp_path) for name, (make, _) in BROKEN.items()}})
    scenes, aside = sorted_out(Checker().checked(PhysicalAI(tmp_path).scenes()))
    assert [scene.name for scene in scenes] == ["good"]
    aside = {name.strip("'"): reason for name, reason in aside.items()}  # the Checker quotes names
    assert set(aside) == set(BROKEN)
    for name, (_, reason) in BROKEN.items():
        assert reason in aside[name]


def test_what_is_wrong_with_the_set_is_told_and_its_other_clips_go_in(tmp_path: Path) -> None:
    a_chunk(tmp_path, {"good": {}, "twice": {}, "invalid": {}, "../../out": {}, "a b": {}})
    a_chunk(tmp_path, {"twice": {}}, number=1)
    (tmp_path / "camera" / CAMERA / "cut.zip").write_bytes(b"PK\3\4 and no more")
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "data_collection.parquet").write_bytes(b"no table")
    (tmp_path / "clip_index.parquet").write_bytes(
        table([{"clip_id": "invalid", "split": "test", "clip_is_valid": False}])
    )
    write_reasoning(tmp_path, [("good", "[{"), ("good", [{"event_start_timestamp": 1}])])
    scenes, aside = sorted_out(PhysicalAI(tmp_path).scenes())
    assert [scene.name for scene in scenes] == ["good"]
    out = f"../../out.{CAMERA}.mp4"
    assert aside[out] == f"The name '{out}' is not that of a clip in its folder."
    assert aside["cut.zip"].startswith("cut.zip cannot be read: it is no whole ZIP archive")
    assert aside["metadata/data_collection.parquet"].startswith("data_collection.parquet cannot be read")
    assert aside["invalid"] == "clip_index.parquet marks it as not valid."
    assert aside["the words on good"].startswith(
        "ood_reasoning.parquet, row 2: the event at 1 µs has the words"
    )
    assert (
        aside["twice"].startswith("twice.egomotion.parquet is there twice") or "twice, in" in aside["twice"]
    )
    assert len(aside) == 7


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("[{", "row 1: "),
        ({"coc": "No list."}, "which is no list"),
        ([{"event_start_timestamp": -1, "coc": "Early."}], "has no time in microseconds"),
        ([{"event_start_timestamp": "now", "coc": "Soon."}], "has no time in microseconds"),
        ([{"event_start_timestamp": 5, "coc": " "}], "the event at 5 µs has the words ' '"),
        (["words"], "the event 'words' has no time"),
    ],
)
def test_words_that_cannot_be_read_are_told_with_their_row(tmp_path: Path, row: object, reason: str) -> None:
    (found,) = read_events(write_reasoning(tmp_path, [("c", row)]))
    assert isinstance(found, UnreadRow)
    assert reason in found.reason


def test_clips_without_events_say_nothing_and_both_names_of_words_are_read(tmp_path: Path) -> None:
    rows: list[tuple[str, object]] = [
        ("a", None),
        ("b", ""),
        ("c", [{"event_start_timestamp": 5, "cot": "So."}]),
    ]
    assert list(read_events(write_reasoning(tmp_path, rows))) == [Event("c", 5, "So.", "Construction")]


def test_folders_without_clips_and_cameras_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no camera 'camera_front_wide_120fov'; there are none"):
        list(PhysicalAI(tmp_path).scenes())
    (tmp_path / "camera" / CAMERA).mkdir(parents=True)
    with pytest.raises(SourceError, match="holds no clip"):
        list(PhysicalAI(tmp_path).scenes())
    with pytest.raises(SourceError, match="there are camera_front_wide_120fov"):
        list(PhysicalAI(tmp_path, camera="../labels").scenes())
