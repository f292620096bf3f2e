"""Projection on hand-worked values, and the parts of pictures that can be told by numbers."""

from __future__ import annotations

import numpy as np
import pytest

from data.demo.drawing.camera import StreetOrigin, clip_near, to_camera, to_pixels
from data.demo.drawing.kinds import KINDS, Look, mesh
from data.demo.drawing.light import DAY, NIGHT, lamp_pools
from data.demo.drawing.world import Thing, Waypoint


def test_a_point_ahead_at_camera_height_lies_on_the_principal_point() -> None:
    camera = to_camera(np.array([[31.7, 0.016, 1.51]]), ego_along_m=10.0)
    assert camera.tolist() == [[0.0, 0.0, pytest.approx(20.0)]]
    assert to_pixels(camera).tolist() == [[816.3, 491.5]]


def test_a_point_to_the_left_and_below_moves_left_and_down() -> None:
    camera = to_camera(np.array([[11.7, 1.016, 0.51]]), ego_along_m=0.0)
    assert to_pixels(camera)[0] == pytest.approx([816.3 - 126.64, 491.5 + 126.64])


def test_clipping_keeps_only_what_is_in_front() -> None:
    square = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, -1.0], [1.0, 0.0, 3.0], [0.0, 0.0, 3.0]])
    clipped = clip_near(square)
    assert clipped[:, 2].min() == pytest.approx(0.6)
    assert clip_near(square - np.array([0.0, 0.0, 9.0])).shape == (0, 3)


def test_a_street_heading_north_turns_left_into_west() -> None:
    origin = StreetOrigin(100.0, 200.0, np.pi / 2)
    assert origin.to_global(10.0, 2.0, 0.5) == [98.0, 210.0, 0.5]


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.category])
def test_what_is_drawn_stays_within_its_box(kind: str) -> None:
    size = KINDS[kind].size
    raising = {"police officer": "halt", "worker": "halt", "flagger": "paddle"}
    for pose in ("", "walk", raising.get(kind, "")):
        points = mesh(kind, Look(size, pose=pose, phase=0.25)).points
        width, length, height = size
        slack = 0.16
        assert np.abs(points[:, 0]).max() <= length / 2 + slack
        assert np.abs(points[:, 1]).max() <= width / 2 + slack
        assert points[:, 2].min() >= -0.05
        assert points[:, 2].max() <= height + 0.05


def test_a_thing_moves_evenly_between_waypoints() -> None:
    thing = Thing("a", "car", (Waypoint(2, 10, 0), Waypoint(6, 30, 2, 90.0)))
    assert not thing.present(1)
    assert (thing.at(3).along_m, thing.at(3).across_m, thing.at(3).heading_deg) == (15.0, 0.5, 90.0)


def test_lamps_light_the_road_below_them_most() -> None:
    assert lamp_pools(np.array([0.0, 28.0, 14.0])) == pytest.approx([1.0, 1.0, 0.2573], abs=1e-3)


def test_night_is_darker_than_day_beyond_the_headlights() -> None:
    far, up = np.array([[70.0, 12.0, 8.0]]), np.array([[0.0, 0.0, 1.0]])
    assert NIGHT.on(far, up, 0.0).mean() < 0.5 * DAY.on(far, up, 0.0).mean()
