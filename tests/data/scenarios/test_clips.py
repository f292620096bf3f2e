from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.errors import ScenarioError
from data.images.clips import as_jpeg, read_frames, write_clip
from tests.builders import a_picture


def pictures(folder: Path, *, n: int = 6, size: tuple[int, int] = (160, 90)) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.jpg" for number in range(n)]
    for number, path in enumerate(paths):
        path.write_bytes(a_picture(colour=(30 * number, 100, 50), size=size))
    return paths


def test_a_clip_gives_back_every_frame_in_order_and_close_in_colour(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", pictures(tmp_path / "in"), 12)
    frames = list(read_frames(tmp_path / "a.mp4"))
    assert [frame.shape for frame in frames] == [(90, 160, 3)] * 6
    assert np.allclose([frame[40, 80, 0] for frame in frames], [0, 30, 60, 90, 120, 150], atol=6)


def test_the_same_frames_make_the_same_bytes(tmp_path: Path) -> None:
    images = pictures(tmp_path / "in")
    write_clip(tmp_path / "a.mp4", images, 12)
    write_clip(tmp_path / "b.mp4", images, 12)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert sorted(path.name for path in tmp_path.glob("*.mp4")) == ["a.mp4", "b.mp4"]


def test_an_odd_row_is_cut_off(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mp4", pictures(tmp_path / "in", size=(161, 91)), 2)
    assert next(read_frames(tmp_path / "a.mp4")).shape == (90, 160, 3)


def test_frames_of_two_sizes_make_no_clip(tmp_path: Path) -> None:
    images = [*pictures(tmp_path / "in"), *pictures(tmp_path / "other", n=1, size=(80, 90))]
    with pytest.raises(ScenarioError, match=r"0\.jpg is not 160x90"):
        write_clip(tmp_path / "a.mp4", images, 12)
    assert list(tmp_path.glob("*.mp4*")) == []
    assert list(tmp_path.glob(".*")) == []


def test_a_broken_picture_makes_no_clip(tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(a_picture()[:200])
    with pytest.raises(ScenarioError, match="cannot be put into a clip"):
        write_clip(tmp_path / "a.mp4", [tmp_path / "cut.jpg"], 12)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_cut_file_is_refused(tmp_path: Path, share: float) -> None:
    write_clip(tmp_path / "whole.mp4", pictures(tmp_path / "in", n=24), 12)
    content = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ScenarioError, match=r"a\.mp4 .*cut off"):
        list(read_frames(tmp_path / "a.mp4"))


def test_a_text_file_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("not a video " * 100)
    with pytest.raises(ScenarioError, match="cannot be read as a video"):
        list(read_frames(tmp_path / "a.mp4"))


def test_a_frame_becomes_a_jpeg_of_its_size() -> None:
    content = as_jpeg(np.full((90, 160, 3), 128, np.uint8))
    assert content[:2] == b"\xff\xd8"
