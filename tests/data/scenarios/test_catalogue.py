from __future__ import annotations

from pathlib import Path

import pytest

from data.demo.fixed_names import CATEGORIES
from data.errors import ScenarioError
from data.scenarios.catalogue import Change, Shown, read_catalogue


def shown(*cues: str, boxes: tuple[str, ...] = (), description: str = "", **pixels: float) -> Shown:
    return Shown(frozenset(cues), dict.fromkeys(boxes, 1), description, pixels or None)


def scenarios_of(frame: Shown) -> list[str]:
    return [one.key for one in read_catalogue().scenarios if one.is_shown(frame)]


def test_the_catalogue_names_only_categories_that_nuscenes_has() -> None:
    kinds = {kind for one in read_catalogue().scenarios for sight in one.found_by for kind in sight.boxes}
    assert len(kinds) > 10
    assert [kind for kind in kinds if not any(name.startswith(kind) for name in CATEGORIES)] == []


def test_every_scenario_of_the_paper_and_of_operations_is_there() -> None:
    assert [one.key for one in read_catalogue().scenarios] == [
        "intersection_negotiation",
        "dynamic_obstacle_ambiguity",
        "partial_lane_closure",
        "person_directing_traffic",
        "large_animal",
        "blocked_road",
        "emergency_vehicle",
        "glare",
        "fog",
        "night_rain",
        "night_pedestrian",
        "sensor_occlusion",
    ]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (shown("night", "rain"), ["night_rain"]),
        (shown("night"), []),
        (shown("construction", boxes=("movable_object.barrier",)), ["partial_lane_closure"]),
        (shown("construction", boxes=("vehicle.car",)), []),
        (shown(boxes=("vehicle.emergency.police",)), ["emergency_vehicle"]),
        (shown(description="Two ambulances, wait"), ["emergency_vehicle"]),
        (shown(description="Wait at intersection, detoured"), []),
        (shown("intersection", boxes=("vehicle.bus.rigid",)), ["intersection_negotiation"]),
        (shown("intersection", boxes=("vehicle.business",)), []),
        (shown(edge_energy=1.9), ["sensor_occlusion"]),
        (shown(edge_energy=2.0), []),
        (shown(), []),
    ],
)
def test_a_frame_shows_a_scenario_if_it_meets_all_of_one_alternative(
    frame: Shown, expected: list[str]
) -> None:
    assert scenarios_of(frame) == expected


def test_a_source_frame_fits_and_does_not_show_the_scenario_yet() -> None:
    glare, pedestrian = read_catalogue().chosen(["glare", "night_pedestrian"])
    assert glare.can_start_from(shown("intersection"))
    assert not glare.can_start_from(shown("night"))
    assert not glare.can_start_from(shown("glare"))
    assert pedestrian.can_start_from(shown("pedestrian_near"))
    assert not pedestrian.can_start_from(shown())
    assert not pedestrian.can_start_from(shown("pedestrian_near", "night"))


def test_light_and_weather_keep_the_geometry_and_new_objects_do_not() -> None:
    assert [change.value for change in Change if change.keeps_geometry] == ["light", "weather"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("scenarios: []", "at scenarios"),
        ("scenarios: [{key: a b}]", "at scenarios.0.key"),
        (
            "scenarios: [{key: fog, title: F, why: w, prompt: p, change: weather, found_by: [{}]}]",
            "an alternative without conditions",
        ),
        (
            "scenarios: [{key: fog, title: F, why: w, prompt: p, change: weather, colour: red, "
            "found_by: [{cues: [fog]}]}]",
            "colour",
        ),
        (
            "scenarios: [{key: fog, title: F, why: w, prompt: p, change: lens, "
            "found_by: [{pixels_below: {noise: 3}}]}]",
            "'noise' is not measured",
        ),
        ("scenarios: [", "cannot be read"),
    ],
)
def test_a_catalogue_that_does_not_hold_is_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "catalogue.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=reason) as caught:
        read_catalogue(path)
    assert "\n" not in str(caught.value)


def test_an_unknown_scenario_is_refused_with_those_there_are() -> None:
    with pytest.raises(ScenarioError, match="no scenario 'snow'; the catalogue has intersection_negotiation"):
        read_catalogue().chosen(["fog", "snow"])
