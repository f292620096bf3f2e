from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlmodel import select

from data.errors import DatarootError
from data.frames.ingest import ingest
from data.nuscenes.map_expansion import contains, read_intersections
from data.sources.nuscenes import nuscenes
from data.store.tables import Frame
from tests.builders import VERSION, a_dataroot, an_empty_store

PLACE = "singapore-onenorth"


def an_expansion(dataroot: Path, *, from_x: float = 20.0, version: str = "1.3", **changes: Any) -> None:
    """A map with one intersection of 10 m by 10 m ahead of the origin, and a road that is none right before it."""

    def square(name: str, x: float) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        corners = [(x, -5.0), (x + 10, -5.0), (x + 10, 5.0), (x, 5.0)]
        nodes = [{"token": f"{name}{n}", "x": at[0], "y": at[1]} for n, at in enumerate(corners)]
        polygon = {"token": name, "exterior_node_tokens": [node["token"] for node in nodes], "holes": []}
        return polygon, nodes

    crossing, crossing_nodes = square("crossing", from_x)
    road, road_nodes = square("road", from_x - 10)
    layers = {
        "version": version,
        "node": crossing_nodes + road_nodes,
        "polygon": [crossing, road],
        "road_segment": [
            {"token": "a", "polygon_token": "crossing", "is_intersection": True},
            {"token": "b", "polygon_token": "road", "is_intersection": False},
        ],
    }
    folder = dataroot / "maps" / "expansion"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{PLACE}.json").write_text(json.dumps({**layers, **changes}))


def cues_of(tmp_path: Path, dataroot: Path) -> list[str | None]:
    store = an_empty_store(tmp_path / "workspace")
    ingest(store, nuscenes(dataroot, VERSION))
    with store.read() as session:
        return [frame.cues.get("intersection") for frame in session.exec(select(Frame))]


def test_an_intersection_on_the_driven_path_is_a_cue_with_its_distance(tmp_path: Path) -> None:
    dataroot = a_dataroot(tmp_path / "root", scenes={"scene-0001": 2}, description="Parked cars")
    an_expansion(dataroot, from_x=19.5)
    assert cues_of(tmp_path, dataroot) == ["on the driven path, 20 m ahead by the map"] * 2


def test_where_there_is_a_map_the_scene_s_text_does_not_make_an_intersection(tmp_path: Path) -> None:
    dataroot = a_dataroot(tmp_path / "root", scenes={"scene-0001": 2}, description="Wait at intersection")
    an_expansion(dataroot, from_x=60.0)
    assert cues_of(tmp_path, dataroot) == [None, None]


def test_without_a_map_the_scene_s_text_does(tmp_path: Path) -> None:
    dataroot = a_dataroot(tmp_path / "root", scenes={"scene-0001": 2}, description="Wait at intersection")
    assert cues_of(tmp_path, dataroot) == ["the scene's description says “intersection”"] * 2


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"version": "1.2"}, "has version 1.2; 1.3 or later"), ({"node": []}, "cannot be read: KeyError")],
)
def test_an_old_or_broken_map_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    an_expansion(tmp_path, **changes)
    with pytest.raises(DatarootError, match=told):
        read_intersections(tmp_path, PLACE)


@pytest.mark.parametrize("location", ["", "../expansion/singapore-onenorth", "boston-seaport"])
def test_no_other_file_is_taken_for_a_location_s_map(tmp_path: Path, location: str) -> None:
    an_expansion(tmp_path)
    assert read_intersections(tmp_path, location) is None


def test_a_path_finds_the_first_of_several_intersections(tmp_path: Path) -> None:
    an_expansion(tmp_path)
    found = read_intersections(tmp_path, PLACE)
    assert found is not None
    assert found.metres_ahead(np.array([[0.0, 0.0], [40.0, 0.0]])) == pytest.approx(20.0, abs=1.0)
    assert found.metres_ahead(np.array([[25.0, 0.0], [60.0, 0.0]])) == 0.0
    assert found.metres_ahead(np.array([[0.0, 30.0], [40.0, 30.0]])) is None


def test_points_in_a_polygon_that_is_not_convex() -> None:
    outline = np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]], dtype=float)
    points = np.array([[1.0, 0.5], [2.0, 3.0], [3.8, 3.0], [5.0, 1.0]])
    assert contains(outline, points).tolist() == [True, False, True, False]
