from __future__ import annotations

from pathlib import Path

import pytest

from annotator.pictures.rendition_cache import RenditionCache
from annotator.pictures.routes import Picture, made
from tests.builders import a_store


def a_picture(tmp_path: Path, kept: Path) -> Picture:
    a_store(tmp_path)
    dataroot = tmp_path / "dataroot"
    return Picture(next((dataroot / "samples" / "CAM_FRONT").iterdir()), dataroot, kept, 400)


def test_a_picture_is_served_where_it_cannot_be_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "images").write_text("no folder can be made here")
    picture = a_picture(tmp_path, tmp_path / "images" / "a-400.jpg")
    for _ in range(2):
        assert made(picture)[:3] == b"\xff\xd8\xff"
    assert [record.message for record in caplog.records] == ["Pictures are served and not kept: File exists"]


def test_a_kept_picture_that_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "a-400.jpg").mkdir()
    assert RenditionCache().read(tmp_path / "a-400.jpg") is None
    assert RenditionCache().read(tmp_path / "none.jpg") is None


def test_pictures_leave_room_on_the_disk_for_the_store(tmp_path: Path) -> None:
    RenditionCache(least_free_bytes=10**18).keep(tmp_path / "a.jpg", b"x")
    assert not (tmp_path / "a.jpg").exists()
    cache = RenditionCache(least_free_bytes=0)
    cache.keep(tmp_path / "a.jpg", b"x")
    assert cache.read(tmp_path / "a.jpg") == b"x"
