from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.images.inspection import ImageRefused
from data.images.model_picture import model_picture, model_picture_file, model_picture_of, model_size
from tests.builders import a_picture


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_frame_is_scaled_to_exact_tokens() -> None:
    picture = model_picture(a_picture(size=(1600, 900)), "a.jpg", width_px=1152)
    assert (picture.width_px, picture.height_px, picture.tokens) == (1152, 640, 720)
    assert opened(picture.content).size == (1152, 640)


def test_a_picture_that_already_has_the_size_is_passed_through() -> None:
    first = model_picture(a_picture(size=(1600, 900)), "a.jpg", width_px=1152)
    assert model_picture(first.content, "b.jpg", width_px=1152).content == first.content


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(32, 4000))
def test_both_sides_are_multiples_of_32_and_no_picture_grows_by_more_than_half_a_token(
    width: int, height: int, most: int
) -> None:
    shown = model_size(width, height, most_width_px=most)
    assert all(side % 32 == 0 and side >= 32 for side in shown)
    assert shown[0] <= max(32, min(width, most) + 16)


def test_a_cut_picture_is_refused_with_its_name() -> None:
    with pytest.raises(ImageRefused, match=r"cut\.jpg cannot be decoded"):
        model_picture(a_picture(size=(1600, 900))[:2000], "cut.jpg", width_px=1152)


def test_the_file_for_a_server_holds_the_same_bytes_and_is_written_once(tmp_path: Path) -> None:
    frame = tmp_path / "frame.jpg"
    frame.write_bytes(a_picture(size=(640, 360)))
    named = model_picture_file(frame, tmp_path / "shown", width_px=320)
    assert named.read_bytes() == model_picture_of(frame, width_px=320).content
    written = named.stat().st_mtime_ns
    assert model_picture_file(frame, tmp_path / "shown", width_px=320) == named
    assert named.stat().st_mtime_ns == written
