from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from annotator.monitor.sources.picture import is_still, look_at
from data.images.inspection import ImageRefused
from tests.builders import a_picture


def noisy(seed: int, *, level: int = 90, quality: int = 90) -> bytes:
    shades = np.random.default_rng(seed).normal(level, 6, (225, 400, 3)).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(shades).save(out, "JPEG", quality=quality)
    return out.getvalue()


def test_a_covered_lens_is_black_and_a_dark_street_is_not() -> None:
    street = Image.new("RGB", (400, 225), (8, 8, 10))
    street.paste((250, 240, 200), (190, 100, 230, 140))
    out = io.BytesIO()
    street.save(out, "JPEG")
    assert look_at(a_picture(colour=(5, 5, 6), size=(400, 225)), "lens").is_black
    assert not look_at(out.getvalue(), "street").is_black


def test_the_same_picture_in_another_quality_is_still_and_noise_is_life() -> None:
    first, again, other = (look_at(picture, "x").signature for picture in (noisy(1), noisy(1), noisy(2)))
    assert is_still(first, again)
    assert not is_still(first, other)
    assert not is_still(None, first)


def test_a_cut_picture_is_refused_with_its_name() -> None:
    with pytest.raises(ImageRefused, match=r"gate\.jpg cannot be decoded"):
        look_at(noisy(1)[:4000], "gate.jpg")


def test_an_8k_still_is_refused_before_it_is_decoded() -> None:
    out = io.BytesIO()
    Image.new("L", (7680, 4320)).save(out, "JPEG")
    with pytest.raises(ImageRefused, match="7680x4320 pixels, more than 20,000,000"):
        look_at(out.getvalue(), "roof.jpg")


def test_the_wall_picture_is_small() -> None:
    wall = Image.open(io.BytesIO(look_at(a_picture(size=(1600, 900)), "x").wall or b""))
    assert wall.width <= 400
    assert wall.height <= 225
