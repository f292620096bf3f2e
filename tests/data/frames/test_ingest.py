from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import SamplingError, SourceError
from data.frames import ingest as frames_ingest
from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.sources.nuscenes import nuscenes
from data.store.tables import Dataset, Frame, Scene
from data.vocabulary import SetAside
from tests.builders import VERSION, a_box, a_dataroot, a_filename, a_picture, an_empty_store
from tests.repository import REAL_NUSCENES, needs_real_frames

pytestmark = pytest.mark.each_store


def test_frames_and_scenes_reach_the_store_with_boxes_and_cues(tmp_path: Path) -> None:
    name = a_filename("scene-0001", 1)
    boxes = {name: [a_box(category="human.pedestrian.adult", ahead_m=9.0)]}
    store = an_empty_store(tmp_path / "w")
    done = ingest(store, nuscenes(a_dataroot(tmp_path / "d", boxes=boxes), VERSION))
    assert (done.scenes, done.frames, done.added, done.updated, done.set_aside) == (2, 8, 8, 0, {})
    with store.read() as session:
        frame = session.exec(select(Frame).where(Frame.filename == name)).one()
        assert session.get_one(Scene, frame.scene_id).name == "scene-0001"
    assert (frame.position, frame.width_px, frame.boxes) == (1, 160, {"human.pedestrian.adult": 1})
    assert frame.cues["pedestrian_near"].startswith("1 near the driven path, nearest 9 m along it")


def test_a_second_ingest_adds_nothing(tmp_path: Path) -> None:
    store, root = an_empty_store(tmp_path / "w"), a_dataroot(tmp_path / "d")
    ingest(store, nuscenes(root, VERSION))
    again = ingest(store, nuscenes(root, VERSION), recheck=True)
    assert (again.frames, again.added, again.updated) == (8, 0, 0)


def test_missing_and_broken_images_set_their_frames_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    root = a_dataroot(tmp_path / "d")
    (root / a_filename("scene-0001", 0)).unlink()
    (root / a_filename("scene-0001", 1)).write_bytes(a_picture()[:700])
    done = ingest(an_empty_store(tmp_path / "w"), nuscenes(root, VERSION))
    assert (done.added, done.set_aside) == (8, {"image_missing": 1, "image_unreadable": 1})


def test_a_frame_comes_back_when_its_image_does(tmp_path: Path) -> None:
    store, root = an_empty_store(tmp_path / "w"), a_dataroot(tmp_path / "d")
    picture = root / a_filename("scene-0001", 0)
    content = picture.read_bytes()
    picture.unlink()
    ingest(store, nuscenes(root, VERSION))
    picture.write_bytes(content)
    again = ingest(store, nuscenes(root, VERSION))
    assert (again.added, again.updated, again.set_aside) == (0, 1, {})
    with store.read() as session:
        assert session.exec(select(Frame).where(Frame.set_aside == SetAside.IMAGE_MISSING)).first() is None


def test_a_picture_of_another_size_than_stated_sets_its_whole_scene_aside_and_the_rest_goes_in(
    tmp_path: Path,
) -> None:
    store, root = an_empty_store(tmp_path / "w"), a_dataroot(tmp_path / "d")
    picture = root / a_filename("scene-0001", 2)
    content = picture.read_bytes()
    picture.write_bytes(a_picture(size=(80, 48)))
    done = ingest(store, nuscenes(root, VERSION))
    assert (done.frames, done.set_aside) == (8, {"image_other_size": 4})
    assert done.scenes_set_aside == {
        "scene-0001": f"{picture.name} has 80x48 pixels, and its source states 160x96."
    }
    picture.write_bytes(content)
    again = ingest(store, nuscenes(root, VERSION))
    assert (again.updated, again.set_aside, again.scenes_set_aside) == (4, {}, {})
    (root / a_filename("scene-0002", 0)).write_bytes(a_picture(size=(96, 160)))
    rechecked = ingest(store, nuscenes(root, VERSION), recheck=True)
    assert (rechecked.updated, rechecked.set_aside) == (4, {"image_other_size": 4})


def test_an_image_that_links_out_of_the_dataroot_is_never_read(tmp_path: Path) -> None:
    root = a_dataroot(tmp_path / "d")
    (tmp_path / "secret.jpg").write_bytes(a_picture())
    link = root / a_filename("scene-0001", 0)
    link.unlink()
    link.symlink_to(tmp_path / "secret.jpg")
    done = ingest(an_empty_store(tmp_path / "w"), nuscenes(root, VERSION))
    assert done.set_aside == {"image_unreadable": 1}


def test_an_ingest_that_was_killed_keeps_its_pictures_and_nothing_is_sampled_until_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames_ingest, "FRAMES_AT_ONCE", 3)
    store, root = an_empty_store(tmp_path / "w"), a_dataroot(tmp_path / "d")

    def cut(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(store, nuscenes(root, VERSION), progress=cut)
    with store.read() as session:
        assert len(session.exec(select(Frame)).all()) == 4  # three, and the rest of their scene
    with pytest.raises(SamplingError, match=f"ingest of {VERSION} is still running or broke off"):
        sample_frames(store, train=1, held_out=1)
    again = ingest(store, nuscenes(root, VERSION))
    assert (again.frames, again.added) == (8, 4)
    sample_frames(store, train=1, held_out=1)


def test_two_ingests_at_once_leave_every_frame_once(tmp_path: Path) -> None:
    """Another one takes the same dataroot while this one reads its pictures."""
    store, root = an_empty_store(tmp_path / "w"), a_dataroot(tmp_path / "d")
    others: list[None] = []

    def other(done: int, total: int) -> None:
        if not others:
            others.append(None)
            ingest(store, nuscenes(root, VERSION))

    assert ingest(store, nuscenes(root, VERSION), progress=other).added == 8
    with store.read() as session:
        assert len(session.exec(select(Frame)).all()) == 8
        assert session.exec(select(Dataset)).one().ingested_at_us > 0


def test_the_same_image_under_another_token_is_refused(tmp_path: Path) -> None:
    store, root = an_empty_store(tmp_path / "w"), a_dataroot(tmp_path / "d")
    ingest(store, nuscenes(root, VERSION))
    other = root / "v1.0-other"
    other.mkdir()
    for table in (root / VERSION).iterdir():
        text = table.read_text()
        if table.name == "sample_data.json":
            text = text.replace('"token": "', '"token": "f', 1)
        (other / table.name).write_text(text)
    with pytest.raises(SourceError, match="under another id"):
        ingest(store, nuscenes(root, "v1.0-other"))


@needs_real_frames
def test_real_mini_keeps_404_frames_and_sets_403_aside(tmp_path: Path) -> None:
    done = ingest(an_empty_store(tmp_path), nuscenes(REAL_NUSCENES, "v1.0-mini"))
    assert (done.frames, done.added, done.set_aside) == (404, 404, {"image_missing": 403})
