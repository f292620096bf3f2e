from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import MomentUnknown
from data.moments.around import boxes_of_frame, cameras_of_frame
from data.moments.before import FramePlace, Moment, moment_before, place_of
from data.moments.files import FOLDER, MomentFiles
from data.nuscenes.box_geometry import DrawnBox
from data.store.opening import Store
from tests.builders import VERSION, a_box, a_dataroot, a_filename, a_store, frames_of
from tests.dataroots import with_moments

SCENES = {"scene-0001": 9, "scene-0002": 4}
FRAMES = frames_of("scene-0001", 9)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, scenes=SCENES)


@pytest.fixture
def dataroot(tmp_path: Path) -> Path:
    return tmp_path / "dataroot"


@pytest.fixture
def files(tmp_path: Path) -> MomentFiles:
    return MomentFiles(tmp_path / "workspace", wait_s=60)


def place(store: Store, position: int) -> FramePlace:
    with store.read() as session:
        found = place_of(session, FRAMES[position])
    assert found is not None
    return found


def times_s(moment: Moment) -> list[float]:
    return [-one.before_us / 1e6 for one in moment.pictures]


def test_a_moment_is_the_sweeps_and_keyframes_of_three_seconds_by_time(
    store: Store, dataroot: Path, files: MomentFiles
) -> None:
    with_moments(dataroot, "scene-0001", between=1)
    moment = moment_before(files, place(store, 8))
    assert times_s(moment) == [round(0.25 * step, 2) for step in range(-12, 1)]
    assert [one.frame_id for one in moment.pictures[::2]] == FRAMES[2:]
    assert all(one.frame_id is None and "sweeps/" in one.filename for one in moment.pictures[1::2])
    assert (moment.sweeps, moment.note) == (6, None)


def test_a_scenes_first_frames_have_less_and_the_very_first_only_itself(
    store: Store, dataroot: Path, files: MomentFiles
) -> None:
    with_moments(dataroot, "scene-0001", between=1)
    assert times_s(moment_before(files, place(store, 1))) == [-0.5, -0.25, 0.0]
    assert times_s(moment_before(files, place(store, 0))) == [0.0]


def test_sweeps_that_are_listed_and_missing_are_told_and_the_rest_is_played(
    store: Store, dataroot: Path, files: MomentFiles, tmp_path: Path
) -> None:
    sweeps = with_moments(dataroot, "scene-0001", between=1)
    (dataroot / sweeps[7]).unlink()
    (dataroot / sweeps[6]).unlink()
    (tmp_path / "outside.jpg").write_bytes(b"not ours")
    (dataroot / sweeps[6]).symlink_to(tmp_path / "outside.jpg")
    moment = moment_before(files, place(store, 8))
    assert moment.sweeps == 4
    assert moment.note == "2 of 6 pictures between keyframes are not in the dataroot."
    for name in sweeps:
        (dataroot / name).unlink(missing_ok=True)
    moment = moment_before(files, place(store, 8))
    assert times_s(moment) == [-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0]
    assert moment.note == "The 6 pictures between keyframes that the data set lists are not in the dataroot."


def test_a_data_set_without_sweeps_or_readable_tables_plays_its_keyframes_and_says_why(
    store: Store, dataroot: Path, files: MomentFiles
) -> None:
    moment = moment_before(files, place(store, 8))
    assert moment.note == "The data set lists no pictures between keyframes here."
    (dataroot / VERSION / "sample_data.json").unlink()
    (dataroot / VERSION / "sample_data.json").write_text('[{"token": ')
    broken = moment_before(files, place(store, 8))
    assert broken.note is not None
    assert "cannot be read" in broken.note
    (dataroot / VERSION / "sensor.json").unlink()
    gone = moment_before(files, place(store, 8))
    assert gone.note == "The data set has no tables to look it up in."
    assert times_s(moment) == times_s(broken) == times_s(gone)


def test_tables_that_changed_are_read_again(store: Store, dataroot: Path, files: MomentFiles) -> None:
    assert moment_before(files, place(store, 8)).sweeps == 0
    with_moments(dataroot, "scene-0001", between=1)
    assert moment_before(files, place(store, 8)).sweeps == 6


def test_nobody_waits_for_long_tables_and_they_are_there_the_next_time(
    store: Store, dataroot: Path, tmp_path: Path
) -> None:
    with_moments(dataroot, "scene-0001", between=1)
    hurried = MomentFiles(tmp_path / "workspace", wait_s=0)
    with pytest.raises(MomentUnknown, match="try again in a moment"):
        hurried.of(dataroot, VERSION)
    patient = MomentFiles(tmp_path / "workspace", wait_s=60)
    assert moment_before(patient, place(store, 8)).sweeps == 6
    assert len([one for one in (tmp_path / "workspace" / FOLDER).iterdir() if one.name[0] != "."]) == 1


def test_boxes_are_projected_as_the_camera_sees_them_nearest_first(tmp_path: Path) -> None:
    name = a_filename("scene-0001", 0)
    seen = [a_box(category="vehicle.car", ahead_m=21.7), a_box(category="animal", ahead_m=11.7)]
    behind = a_box(category="vehicle.car", ahead_m=-9.0)
    root = a_dataroot(tmp_path / "boxed", scenes={"scene-0001": 1}, boxes={name: [*seen, behind]})
    found = _boxes(root, tmp_path)
    assert [(one.category, one.distance_m) for one in found] == [("animal", 11.7), ("vehicle.car", 21.7)]
    # The corner 0.3 m behind, left of and 0.85 m above the centre: 20.3 m deep, so
    # u = 126.64 * -0.3 / 20.3 + 81.63 and v = 126.64 * -0.35 / 20.3 + 49.15 pixels of 160 x 96.
    assert found[1].corners[0] == pytest.approx((0.4985, 0.48924), abs=1e-4)


def _boxes(root: Path, folder: Path) -> list[DrawnBox]:
    from data.nuscenes.moment_files import boxes_in_view, write_moment_files

    write_moment_files(root, VERSION, folder / "files")
    return boxes_in_view(folder / "files", frames_of("scene-0001", 1)[0])


def test_a_frame_without_boxes_has_none_and_a_box_without_numbers_is_told(
    store: Store, dataroot: Path, files: MomentFiles
) -> None:
    assert boxes_of_frame(files, place(store, 0)) == []
    path = dataroot / VERSION / "sample_annotation.json"
    row = {
        "sample_token": _sample(dataroot, 0),
        "instance_token": "i",
        "size": [1, 1, 1],
        "translation": [9, 0],
    }
    for name, rows in (
        ("sample_annotation", [{**row, "rotation": [1, 0, 0, 0]}]),
        ("instance", [{"token": "i", "category_token": "c"}]),
        ("category", [{"token": "c", "name": "vehicle.car"}]),
    ):
        path.with_stem(name).unlink()
        path.with_stem(name).write_text(json.dumps(rows))
    with pytest.raises(MomentUnknown, match="no whole translation"):
        boxes_of_frame(files, place(store, 0))


def _sample(dataroot: Path, number: int) -> str:
    rows = json.loads((dataroot / VERSION / "sample_data.json").read_text())
    return str(rows[number]["sample_token"])


def test_the_other_cameras_of_the_moment_and_those_that_are_missing(
    store: Store, dataroot: Path, files: MomentFiles
) -> None:
    assert (
        cameras_of_frame(files, place(store, 3)).note == "The data set lists no other camera at this moment."
    )
    with_moments(dataroot, "scene-0001")
    found = cameras_of_frame(files, place(store, 3))
    assert [one.filename for one in found.there if one.channel == "CAM_BACK"] == [
        "samples/CAM_BACK/scene-0001__CAM_BACK__003.jpg"
    ]
    assert (len(found.there), found.note) == (5, None)
    (dataroot / "samples/CAM_BACK/scene-0001__CAM_BACK__003.jpg").unlink()
    assert (
        cameras_of_frame(files, place(store, 3)).note
        == "1 of 5 other cameras' pictures are not in the dataroot."
    )
