"""Counted figures are numpy's own, to the bit: cues rest on them, and stores hold what earlier releases measured."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from data.demo.dataroot import jpeg_bytes
from data.demo.drives.scenes import scenes
from data.images.brightness import counts_of, edge_percentile, median_of, percentile_of
from tests.repository import REAL_NUSCENES, needs_real_frames

Pixels = npt.NDArray[np.uint8]
PROBE_PX = (400, 225)


def sorted_figures(luma: Pixels) -> list[float]:
    """What numpy gives when it sorts: how earlier releases measured."""
    values = luma.astype(np.float32)
    down, across = np.gradient(values)
    edges = np.percentile(np.hypot(across, down), 75)
    return [float(np.median(values)), float(np.percentile(values, 5)), float(edges)]


def counted_figures(luma: Pixels) -> list[float]:
    counts = counts_of(luma)
    return [median_of(counts), percentile_of(counts, 5), edge_percentile(luma, 75)]


def reduced(picture: bytes) -> Pixels:
    image = Image.open(io.BytesIO(picture))
    image.draft("L", PROBE_PX)
    return np.asarray(image.convert("L").resize(PROBE_PX, Image.Resampling.BOX))


@pytest.mark.parametrize("seed", range(40))
def test_counted_figures_are_those_of_sorting_for_any_pixels(seed: int) -> None:
    chance = np.random.default_rng(seed)
    height, width = chance.integers(2, 60, 2)
    low, high = sorted(chance.integers(0, 256, 2))
    luma = chance.integers(low, high + 1, (height, width)).astype(np.uint8)
    assert counted_figures(luma) == sorted_figures(luma)


def test_counted_figures_are_those_of_sorting_on_a_picture_of_the_demo() -> None:
    luma = reduced(jpeg_bytes(scenes()[3], 0))
    assert counted_figures(luma) == sorted_figures(luma)


@needs_real_frames
def test_counted_figures_are_those_of_sorting_on_real_frames() -> None:
    for file in sorted((REAL_NUSCENES / "samples" / "CAM_FRONT").glob("*.jpg")):
        luma = reduced(file.read_bytes())
        assert counted_figures(luma) == sorted_figures(luma)
