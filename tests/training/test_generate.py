"""Asking a local model: recorded replies in the form that is imported, the same each time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import TrainingError
from data.vlm.moment import AskedFrame
from data.vocabulary import ModelRole
from training.generate import write_replies
from training.merge import MergeResult


@pytest.fixture
def frames(snapshot: Path) -> list[AskedFrame]:
    return [
        AskedFrame(f"samples/CAM_FRONT/{n}.jpg", snapshot / "images" / f"frame-{n}.png") for n in range(10)
    ]


def test_every_frame_gets_one_recorded_reply(
    merged: MergeResult, frames: list[AskedFrame], tmp_path: Path
) -> None:
    out = tmp_path / "replies.jsonl"
    steps: list[tuple[int, int]] = []
    written = write_replies(
        merged.model,
        frames,
        out,
        role=ModelRole.ALIGNED,
        model_name="stand-in-aligned",
        max_new_tokens=8,
        progress=lambda done, total: steps.append((done, total)),
    )
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert written == 10
    assert [row["filename"] for row in rows] == [frame.frame_id for frame in frames]
    assert {(row["role"], row["model"]) for row in rows} == {("aligned", "stand-in-aligned")}
    assert all(set(row) == {"filename", "role", "model", "raw"} for row in rows)
    assert steps == [(8, 10), (10, 10)]


def test_replies_are_the_same_when_asked_again_and_in_other_company(
    merged: MergeResult, frames: list[AskedFrame], tmp_path: Path
) -> None:
    texts = []
    for name, some in (("all", frames), ("one", frames[3:4])):
        out = tmp_path / name
        write_replies(
            merged.model, some, out, role=ModelRole.ALIGNED, model_name="stand-in", max_new_tokens=8
        )
        texts.append([json.loads(line)["raw"] for line in out.read_text().splitlines()])
    assert texts[0][3] == texts[1][0]
    assert all(texts[0])


def test_an_image_that_cannot_be_read_is_named_and_no_half_file_is_left(
    merged: MergeResult, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    out = tmp_path / "replies.jsonl"
    with pytest.raises(TrainingError, match=r"The image .*broken\.jpg cannot be read"):
        write_replies(
            merged.model,
            [AskedFrame("broken.jpg", broken)],
            out,
            role=ModelRole.STUDENT,
            model_name="stand-in",
        )
    assert not out.exists()
