from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from data.frames.cues import CueThresholds, frame_cues
from data.frames.driven_path import coming_path
from data.frames.ingest import ingest
from data.images.inspection import ImageFacts
from data.sources.nuscenes import nuscenes
from data.store.tables import Frame, Scene
from data.vocabulary import Cue, SeenBox
from tests.builders import an_empty_store
from tests.demo_pictures import EVERY
from tests.repository import REAL_NUSCENES


def an_image(*, luma: float = 110.0, edges: float = 8.0, black: float = 40.0, sun: float = 0.0) -> ImageFacts:
    return ImageFacts("0" * 64, 1600, 900, luma, edges, black, sun)


def a_pedestrian(ahead_m: float, left_m: float = 0.0) -> SeenBox:
    return SeenBox("human.pedestrian.adult", ahead_m, left_m)


def test_a_pedestrian_close_to_the_path_is_a_cue_with_its_place() -> None:
    cues = frame_cues([a_pedestrian(12, 2.5), a_pedestrian(30)], an_image(), "")
    assert cues == {Cue.PEDESTRIAN_NEAR: "2 near the driven path, nearest 12 m along it, 2.5 m aside"}


@pytest.mark.parametrize(("ahead_m", "left_m"), [(41, 0), (12, 6.5), (12, -7), (-3, 0)])
def test_a_pedestrian_far_off_is_no_cue(ahead_m: float, left_m: float) -> None:
    assert frame_cues([a_pedestrian(ahead_m, left_m)], an_image(), "") == {}


def test_a_person_round_the_corner_counts_where_the_vehicle_turns_and_not_where_it_goes_straight() -> None:
    turning = coming_path([(0, 0), (10, 0), (12, 8), (12, 20)], 0.0)
    person = [a_pedestrian(13, 15)]
    assert set(frame_cues(person, an_image(), "", path=turning)) == {Cue.PEDESTRIAN_NEAR}
    assert frame_cues(person, an_image(), "") == {}


def test_a_person_in_front_of_a_standing_vehicle_is_near_its_path() -> None:
    standing = coming_path([(5, 5), (5.01, 5), (5, 5.02)], np.pi / 2)
    assert set(frame_cues([a_pedestrian(8, 1)], an_image(), "", path=standing)) == {Cue.PEDESTRIAN_NEAR}


def test_one_cone_is_no_construction_zone_but_two_are() -> None:
    cone = SeenBox("movable_object.trafficcone", 10, 3)
    assert frame_cues([cone], an_image(), "") == {}
    assert frame_cues([cone, cone], an_image(), "") == {Cue.CONSTRUCTION: "2 within 40 m: trafficcone"}


def test_machines_alone_are_no_construction_zone() -> None:
    machine, cone = SeenBox("vehicle.construction", 10, 3), SeenBox("movable_object.trafficcone", 9, 2)
    assert frame_cues([machine] * 3, an_image(), "Construction vehicle") == {}
    assert set(frame_cues([machine, cone], an_image(), "")) == {Cue.CONSTRUCTION}


@pytest.mark.parametrize(
    ("description", "is_zone"),
    [("Road works", True), ("Parked truck, construction", True), ("Construction sign", False)],
)
def test_where_the_text_speaks_of_construction_one_cone_is_enough(description: str, is_zone: bool) -> None:
    cues = frame_cues([SeenBox("movable_object.trafficcone", 10, 3)], an_image(), description)
    assert (Cue.CONSTRUCTION in cues) is is_zone


@pytest.mark.parametrize(
    ("description", "cues"),
    [
        ("Rain, parked cars", {Cue.RAIN}),
        ("Night, after rain, many peds", set()),
        ("Construction vehicle, parked cars", set()),
        ("Wait at intersection", {Cue.INTERSECTION}),
        ("A train crosses", set()),
    ],
)
def test_the_scenes_text_is_read_with_its_traps(description: str, cues: set[Cue]) -> None:
    assert set(frame_cues([], an_image(edges=5.0), description)) == cues


@pytest.mark.parametrize("description", ["Rain, parked cars", "Fog, trucks", "Low sun, glare"])
def test_text_alone_is_no_weather(description: str) -> None:
    assert frame_cues([], an_image(), description) == {}


def test_darkness_is_night_and_never_fog_or_rain() -> None:
    cues = frame_cues([], an_image(luma=20, edges=0.2), "")
    assert cues == {Cue.NIGHT: "median brightness 20 of 255"}


def test_rain_by_night_needs_the_text() -> None:
    assert set(frame_cues([], an_image(luma=35, edges=4.3), "Night, rain")) == {Cue.NIGHT, Cue.RAIN}


def test_few_edges_are_fog_without_dark_shadows_and_rain_with_them() -> None:
    assert set(frame_cues([], an_image(edges=2.5, black=97), "")) == {Cue.FOG}
    assert set(frame_cues([], an_image(edges=2.5, black=62), "")) == {Cue.RAIN}


def test_a_disc_of_sun_is_glare_and_never_fog() -> None:
    cues = frame_cues([], an_image(edges=2.5, black=97, sun=0.03), "")
    assert cues == {Cue.GLARE: "a disc of sun covers 3.0% of the picture"}


def test_thresholds_can_be_set() -> None:
    assert set(frame_cues([a_pedestrian(60)], None, "", CueThresholds(ahead_m=80))) == {Cue.PEDESTRIAN_NEAR}


@pytest.mark.skipif(not REAL_NUSCENES.is_dir(), reason="the real nuScenes frames are not here")
def test_cues_of_the_real_frames_agree_with_what_the_eye_sees(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path)
    ingest(store, nuscenes(REAL_NUSCENES, "v1.0-frames"))
    with store.read() as session:
        rows = session.exec(select(Scene.name, Frame.cues).join(Scene)).all()
    shown = [(name, cue) for name, cues in rows for cue in cues]
    assert sorted(shown.count((name, "rain")) for name in {name for name, _ in rows}) == [0, 0, 0, 4]
    assert shown.count(("scene-dl01", "rain")) == 4
    assert [name for name, cue in shown if cue == "construction"] == ["scene-oe01"]
    assert not [name for name, cue in shown if cue in ("night", "fog", "glare")]


def test_cues_of_drawn_frames_agree_with_what_was_drawn(demo_dataroot: Path, tmp_path: Path) -> None:
    store = an_empty_store(tmp_path)
    ingest(store, nuscenes(demo_dataroot, "v1.0-demo"))
    with store.read() as session:
        drawn = select(Scene.name, Frame.cues).join(Scene).where(Frame.position % EVERY == 0)
        rows = session.exec(drawn).all()
    scenes = {
        cue: {name[-2:] for name, cues in rows if cue in cues} for cue in ("night", "rain", "fog", "glare")
    }
    assert scenes == {
        "night": {"07", "08", "09"},
        "rain": {"08", "12"},
        "fog": {"10"},
        "glare": {"04"},
    }, json.dumps({cue: sorted(names) for cue, names in scenes.items()})
