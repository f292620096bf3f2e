from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from data.errors import SourceError
from data.sources.folder import PictureFolder
from tests.data.sources.pictures import a_jpeg, sorted_out

HALF_A_SECOND_US = 500_000


def write(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(a_jpeg())


def write_exif(folder: Path, name: str, taken: str, **more: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    tags = {"fraction": 0x9291, "zone": 0x9011}
    exif[0x8769] = {0x9003: taken, **{tags[name]: value for name, value in more.items()}}
    (folder / name).write_bytes(a_jpeg(exif=exif))


def test_times_in_the_names_order_and_thin_the_frames(tmp_path: Path) -> None:
    start_us = 1_700_000_000_000_000
    write(tmp_path / "monday" / "am", *(f"cam_{start_us + number * 100_000}.jpg" for number in range(11)))
    write(tmp_path / "tuesday", "2023-11-05_14-22-33.png", "2023-11-05_14-22-31.png")
    scenes, aside = sorted_out(PictureFolder(tmp_path).scenes())
    assert not aside
    monday, tuesday = scenes
    assert (monday.key, monday.log_name) == ("monday/am", "monday/am")
    assert [one.captured_at_us - start_us for one in monday.frames] == [0, HALF_A_SECOND_US, 1_000_000]
    assert monday.frames[1].picture == f"monday/am/cam_{start_us + 500_000}.jpg"
    assert [one.picture[-6:-4] for one in tuesday.frames] == ["31", "33"]
    assert tuesday.description == "Times are from the names of the files."


def test_exif_times_are_taken_where_names_have_none_and_whole_seconds_are_spread(tmp_path: Path) -> None:
    for number in range(4):
        write_exif(tmp_path, f"DSC{number}.jpg", f"2023:11:05 14:22:{33 + number // 2}", zone="+01:00")
    ((scene,), _) = sorted_out(PictureFolder(tmp_path).scenes())
    first_us = 1_699_190_553_000_000
    assert [one.captured_at_us - first_us for one in scene.frames] == [0, 500_000, 1_000_000, 1_500_000]
    assert (scene.name, scene.description) == (tmp_path.name, "Times are from the EXIF data of the pictures.")


def test_fractions_of_exif_seconds_count(tmp_path: Path) -> None:
    write_exif(tmp_path, "a.jpg", "2023:11:05 14:22:33", fraction="25")
    ((scene,), _) = sorted_out(PictureFolder(tmp_path).scenes())
    assert scene.frames[0].captured_at_us == 1_699_194_153_250_000


def test_without_times_the_names_order_every_picture(tmp_path: Path) -> None:
    write(tmp_path, "10.jpg", "9.jpg", "11.JPEG", "notes.jpg.txt", "._9.jpg")
    ((scene,), _) = sorted_out(PictureFolder(tmp_path, rate_hz=4).scenes())
    assert [(one.picture, one.captured_at_us) for one in scene.frames] == [
        ("9.jpg", 0), ("10.jpg", 250_000), ("11.JPEG", 500_000),
    ]  # fmt: skip
    assert scene.description.startswith("Times are not known")


def test_a_scene_of_no_use_is_set_aside_with_its_value_and_the_rest_goes_in(tmp_path: Path) -> None:
    write(tmp_path / "good", "1.jpg")
    write(tmp_path / "two cameras", "left_1700000000000.jpg", "right_1700000000000.jpg")
    write_exif(tmp_path / "backwards", "1.jpg", "2023:11:05 14:22:33")
    write_exif(tmp_path / "backwards", "2.jpg", "2023:11:05 14:22:31")
    write(tmp_path / "unprintable", "a\x07.jpg")
    scenes, aside = sorted_out(PictureFolder(tmp_path).scenes())
    assert [scene.name for scene in scenes] == ["good"]
    assert aside["two cameras"].startswith(
        "left_1700000000000.jpg and right_1700000000000.jpg state the same time"
    )
    assert aside["backwards"].startswith("The clock runs backwards at 2.jpg, by 2.0 s")
    assert aside["unprintable"].startswith(r"'a\x07.jpg' is no name")


def test_exif_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(a_jpeg()[:20])
    (tmp_path / "2.jpg").write_bytes(b"")
    ((scene,), _) = sorted_out(PictureFolder(tmp_path).scenes())
    assert len(scene.frames) == 2


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no JPEG or PNG"):
        list(PictureFolder(tmp_path).scenes())
