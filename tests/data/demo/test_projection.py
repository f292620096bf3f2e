"""Boxes, read by nuscenes-devkit, fall on what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from data.demo import VERSION
from data.demo.boxes import rectangle
from data.demo.dataroot import write_image, write_tables
from data.demo.drives.scenes import scene_named

Colours = npt.NDArray[np.int64]

nuscenes = pytest.importorskip("nuscenes", reason="nuscenes-devkit is an optional extra")


def orange(c: Colours) -> npt.NDArray[np.bool_]:
    return (c[..., 0] > 170) & (c[..., 1] < 0.62 * c[..., 0]) & (c[..., 2] < 0.4 * c[..., 0])


def yellow(c: Colours) -> npt.NDArray[np.bool_]:
    return (c[..., 0] > 150) & (abs(c[..., 1] - 0.76 * c[..., 0]) < 30) & (c[..., 2] < 0.4 * c[..., 0])


def lime(c: Colours) -> npt.NDArray[np.bool_]:
    return (c[..., 1] > 70) & (c[..., 1] > 1.05 * c[..., 0]) & (c[..., 2] < 0.45 * c[..., 1])


def red(c: Colours) -> npt.NDArray[np.bool_]:
    return (c[..., 0] > 64) & (c[..., 1] < 0.45 * c[..., 0]) & (c[..., 2] < 0.45 * c[..., 0])


def brown(c: Colours) -> npt.NDArray[np.bool_]:
    return (
        (c[..., 0] > 60) & (c[..., 0] > 1.3 * c[..., 2]) & (c[..., 0] > 1.18 * c[..., 1]) & (c[..., 1] < 130)
    )


CASES = [
    ("scene-9002", 18, "movable_object.barrier", orange, 0.45),
    ("scene-9002", 18, "vehicle.construction", yellow, 0.2),
    ("scene-9011", 13, "movable_object.trafficcone", orange, 0.15),
    ("scene-9005", 13, "human.pedestrian.police_officer", lime, 0.04),
    ("scene-9006", 13, "animal", brown, 0.2),
    ("scene-9012", 2, "vehicle.bus.rigid", red, 0.15),
    ("scene-9007", 2, "vehicle.car", red, 0.2),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root: Path = tmp_path_factory.mktemp("demo")
    write_tables(root)
    for name, frame in {(case[0], case[1]) for case in CASES}:
        write_image(root, (name, frame))
    return nuscenes.NuScenes(version=VERSION, dataroot=str(root), verbose=False)


def _boxes(loaded: Any, scene: str, frame: int) -> tuple[Colours, list[tuple[str, npt.NDArray[np.float64]]]]:
    """The image and, per box in sight, its category and its corners' pixels (8, 2)."""
    from nuscenes.utils.geometry_utils import BoxVisibility, view_points

    name = scene_named(scene).filename(frame)
    row = next(row for row in loaded.sample_data if row["filename"] == name)
    path, boxes, intrinsic = loaded.get_sample_data(row["token"], box_vis_level=BoxVisibility.ANY)
    with Image.open(path) as picture:
        colours = np.asarray(picture.convert("RGB"), dtype=np.int64)
    return colours, [(box.name, view_points(box.corners(), intrinsic, normalize=True)[:2].T) for box in boxes]


@pytest.mark.parametrize(("scene", "frame", "category", "painted", "least"), CASES)
def test_a_projected_box_falls_on_the_drawn_thing(
    loaded: Any,
    scene: str,
    frame: int,
    category: str,
    painted: Callable[[Colours], npt.NDArray[np.bool_]],
    least: float,
) -> None:
    colours, boxes = _boxes(loaded, scene, frame)
    outlines = [pixels for name, pixels in boxes if name == category]
    whole = [pixels for pixels in outlines if pixels.min() > 0 and (pixels.max(axis=0) < (1600, 900)).all()]
    largest = max(whole, key=lambda pixels: float(np.ptp(pixels[:, 0]) * np.ptp(pixels[:, 1])))
    (left, top), (right, bottom) = largest.min(axis=0).clip(0), largest.max(axis=0)
    hits = painted(colours)
    inside = hits[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
    assert inside.mean() > least
    width = int(right - left)
    beside = hits[int(top) : int(bottom) + 1, int(right) + 6 : int(right) + 6 + width]
    assert beside.size == 0 or beside.mean() < inside.mean() / 3


def test_the_officers_vest_fills_its_box_from_side_to_side(loaded: Any) -> None:
    colours, boxes = _boxes(loaded, "scene-9005", 13)
    pixels = next(pixels for name, pixels in boxes if name == "human.pedestrian.police_officer")
    (left, top), (right, bottom) = pixels.min(axis=0), pixels.max(axis=0)
    rows, columns = np.nonzero(lime(colours)[int(top) : int(bottom), int(left) - 40 : int(right) + 40])
    assert abs((columns.min() + columns.max()) / 2 - 40 - (right - left) / 2) < 0.15 * (right - left)
    assert columns.min() > 40
    assert columns.max() < 40 + right - left
    assert 0.2 * (bottom - top) < rows.mean() < 0.6 * (bottom - top)


def test_the_generators_own_outline_equals_the_devkits(loaded: Any) -> None:
    scene = scene_named("scene-9006")
    deer = next(thing for thing in scene.things if thing.name == "deer")
    _, boxes = _boxes(loaded, "scene-9006", 13)
    pixels = next(pixels for name, pixels in boxes if name == "animal")
    expected = (*pixels.min(axis=0), *pixels.max(axis=0))
    assert rectangle(scene, deer, 13) == pytest.approx(expected, abs=0.05)
