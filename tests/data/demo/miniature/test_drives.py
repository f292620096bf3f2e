"""Drives: the hazard is in the lane when it is said to be, and pictures have the form that models are shown."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from data.demo.drawing.small_picture import render_small
from data.demo.miniature.drives import DRIVE_VIEW, drives
from data.demo.miniature.frames import WIDTH_PX
from data.demo.miniature.roads import HALF_M, LANE_HALF_M
from data.images.model_picture import model_picture_of


def test_every_hazard_is_in_the_lane_from_frame_8_to_14_and_off_the_road_before_and_after() -> None:
    for drive in drives():
        (hazard,) = drive.scene.things
        gaps_m = [abs(hazard.at(frame).across_m) - HALF_M[hazard.kind] - LANE_HALF_M for frame in range(20)]  # type: ignore[index]
        assert all(gap_m < -0.5 for gap_m in gaps_m[8:15])
        assert all(gap_m > 3.0 for gap_m in (*gaps_m[:5], *gaps_m[18:]))
        distance_m = hazard.at(10).along_m - drive.scene.ego_along_m(10)
        assert 8 < distance_m < 15


def test_a_drive_is_shown_to_the_model_at_its_own_size(tmp_path: Path) -> None:
    assert {drive.name for drive in drives()} == {f"miniature-{number}" for number in (1, 2, 3, 4)}
    render_small(drives()[0].scene, 8, DRIVE_VIEW).save(tmp_path / "drive.jpg")
    assert Image.open(tmp_path / "drive.jpg").size == (576, 288)
    shown = model_picture_of(tmp_path / "drive.jpg", width_px=WIDTH_PX)
    assert (shown.width_px, shown.height_px) == (192, 96)
