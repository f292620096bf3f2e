"""What a path is taken for where nobody says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data.sources.opening import Options, open_source
from tests.data.sources.bags import START_US, ros2_picture, write_mcap
from tests.data.sources.pictures import a_jpeg
from tests.data.sources.test_argoverse import a_log
from tests.data.sources.test_nuplan import a_log as a_nuplan_log
from tests.data.sources.test_nuscenes_schema import like_lyft, like_t4
from tests.data.sources.test_physical_ai import a_download
from tests.data.sources.test_video import write_video
from tests.data.sources.test_waymo import a_frame
from tests.data.sources.test_waymo import write as write_records
from tests.dataroots import VERSION, a_dataroot


def mcap(folder: Path) -> None:
    write_mcap(folder / "a.mcap", [ros2_picture("/front", START_US, a_jpeg())])
    (folder / "thumbnail.jpg").write_bytes(a_jpeg())


KINDS: dict[str, Callable[[Path], object]] = {
    "nuscenes": a_dataroot,
    "nuscenes-schema": lambda folder: like_t4(folder, "a", "b"),
    "folder": lambda folder: (folder / "1.jpg").write_bytes(a_jpeg()),
    "video": lambda folder: write_video(folder / "a.mp4", [0]),
    "mcap": mcap,
    "waymo-e2e": lambda folder: write_records(folder / "val.tfrecord-00000-of-00001", a_frame("s", 0)),
    "nuplan": a_nuplan_log,
    "argoverse2": a_log,
    "physical-ai": a_download,
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_path_is_taken_for_what_it_is(tmp_path: Path, kind: str) -> None:
    KINDS[kind](tmp_path)
    options = Options(version=VERSION) if kind == "nuscenes" else Options()
    source = open_source(tmp_path, None, options)
    assert source.kind == kind
    assert source.root == tmp_path


def test_tables_that_are_not_nuscenes_own_are_taken_for_the_schema(tmp_path: Path) -> None:
    assert open_source(like_lyft(tmp_path / "lyft"), None, Options(camera="X")).kind == "nuscenes-schema"
