from __future__ import annotations

import io
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from sqlmodel import select

from data.errors import LeakError
from data.frames.ingest import ingest
from data.images.fingerprint import NEAR_BITS, distance, fingerprint, near_pairs
from data.images.inspection import inspect_image
from data.nuscenes.scenes import read_scenes
from data.snapshot.freeze import FreezeOptions, freeze
from data.snapshot.leak_guard import complete_fingerprints
from data.snapshot.preview import preview
from data.sources.nuscenes import nuscenes
from data.store.tables import Dataset, Frame, FrameStatus, Scene
from data.vocabulary import Split, VerificationState
from tests.builders import a_filename, a_store, an_empty_store
from tests.data.review.test_reviews import frames_in
from tests.data.snapshot.test_snapshot import a_verified_store


@pytest.fixture(scope="module")
def looks(demo_dataroot: Path) -> dict[str, list[str]]:
    """The fingerprints of every sixth frame of the demo dataset, by scene."""
    scenes = read_scenes(demo_dataroot, "v1.0-demo")
    return {
        scene.token: [
            inspect_image(demo_dataroot / frame.filename).fingerprint for frame in scene.keyframes[::6]
        ]
        for scene in scenes
    }


def test_no_two_scenes_of_the_demo_look_alike(looks: dict[str, list[str]]) -> None:
    between = [
        distance(one, other)
        for first, second in combinations(looks.values(), 2)
        for one, other in product(first, second)
    ]
    assert min(between) > 2 * NEAR_BITS


def copies(picture: Image.Image) -> dict[str, Image.Image]:
    small = io.BytesIO()
    picture.save(small, "JPEG", quality=40)
    return {
        "encoded again": Image.open(small),
        "halved": picture.resize((picture.width // 2, picture.height // 2)),
        "darker": ImageEnhance.Brightness(picture).enhance(0.7),
        "cropped": picture.crop((8, 5, picture.width - 8, picture.height - 4)),
    }


def test_a_copy_of_a_picture_looks_like_it(demo_dataroot: Path, tmp_path: Path) -> None:
    scene = read_scenes(demo_dataroot, "v1.0-demo")[0]
    path = demo_dataroot / scene.keyframes[0].filename
    own = inspect_image(path).fingerprint
    for name, copy in copies(Image.open(path).convert("RGB")).items():
        copy.save(tmp_path / "copy.png")
        assert distance(own, inspect_image(tmp_path / "copy.png").fingerprint) <= NEAR_BITS, name


def test_a_flat_picture_has_no_fingerprint_and_is_near_to_nothing() -> None:
    flat = np.full((225, 400), 120, dtype=np.float32)
    assert fingerprint(flat) == ""
    assert near_pairs(["", ""], ["", ""]) == []


def test_near_pairs_are_those_within_so_many_bits() -> None:
    rng = np.random.default_rng(7)
    first, second = ([rng.bytes(32).hex() for _ in range(n)] for n in (300, 40))
    whole = int(first[250], 16)
    second[3] = f"{whole ^ ((1 << NEAR_BITS) - 1):064x}"
    second[4] = f"{whole ^ ((1 << (NEAR_BITS + 1)) - 1):064x}"
    second[39] = first[0]
    assert near_pairs(["", *first], second) == [(1, 39), (251, 3)]


def test_two_pictures_of_one_view_on_both_sides_are_refused_by_name(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    one, other = frames_in(store, Split.TRAIN)[0], frames_in(store, Split.HELD_OUT)[0]
    with store.write() as session:
        rows = [session.get_one(Frame, frame) for frame in (one, other)]
        for row in rows:
            row.image_fingerprint = "0f" * 32
        names = [row.filename for row in rows]
    with pytest.raises(LeakError, match="1 pairs of pictures show one view") as refused:
        freeze(store, tmp_path / "snap")
    assert f"{names[0]} and {names[1]}" in str(refused.value)
    assert not (tmp_path / "snap").exists()


def test_a_picture_is_looked_at_once(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    drawn = Image.fromarray(np.tile(np.arange(160, dtype=np.uint8), (90, 1)))
    drawn.save(tmp_path / "dataroot" / a_filename("scene-0001", 0))
    with store.write() as session:
        for status in session.exec(select(FrameStatus)):
            status.state = VerificationState.VERIFIED
        for frame in session.exec(select(Frame)):
            frame.image_fingerprint = None
    assert complete_fingerprints(store) == 8
    assert complete_fingerprints(store) == 0
    with store.read() as session:
        found = session.exec(
            select(Frame.image_fingerprint).where(Frame.filename == a_filename("scene-0001", 0))
        )
        assert len(found.one() or "") == 64


def test_ingest_takes_the_fingerprint(demo_dataroot: Path, tmp_path: Path) -> None:
    store = an_empty_store(tmp_path)
    ingest(store, nuscenes(demo_dataroot, "v1.0-demo"))
    with store.read() as session:
        assert all(len(one or "") == 64 for one in session.exec(select(Frame.image_fingerprint)))


def test_a_drive_that_two_data_sets_have_on_both_sides_is_refused_by_name(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path)
    with store.write() as session:
        film = Dataset(name="film", kind="video", dataroot=str(tmp_path), ingested_at_us=1)
        session.add(film)
        session.flush()
        for scene in session.exec(select(Scene)):
            scene.log_name = "drive 7"
            if scene.split is Split.HELD_OUT:
                scene.dataset_id = int(film.id or 0)
        for frame in session.exec(select(Frame)):
            frame.captured_at_us = 1_700_000_000_000_000 + frame.position
    with pytest.raises(
        LeakError, match="1 drive that two data sets have stands in train under one name"
    ) as refused:
        freeze(store, tmp_path / "snap")
    assert "v1.0-test/scene-000" in str(refused.value)
    assert " and film/scene-000" in str(refused.value)
    assert (preview(store, FreezeOptions()).leak or "").startswith("1 drive that two data sets have")
