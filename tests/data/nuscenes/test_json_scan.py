from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.nuscenes.json_scan import write_objects_with

ROWS = [
    {"token": str(n), "filename": f"{'samples' if n % 3 else 'sweeps'}/CAM_FRONT/{n}.jpg"} for n in range(50)
]


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("chunk_bytes", [7, 64, 100_000])
def test_objects_are_found_in_every_layout_and_across_chunks(
    tmp_path: Path, indent: int | None, chunk_bytes: int
) -> None:
    source, target = tmp_path / "in.json", tmp_path / "out.json"
    source.write_text(json.dumps(ROWS, indent=indent))
    found = write_objects_with(b"samples/CAM_FRONT/", source, target, chunk_bytes=chunk_bytes)
    wanted = [row for row in ROWS if row["filename"].startswith("samples")]
    assert json.loads(target.read_text()) == wanted
    assert found == len(wanted) == 33


def test_nothing_found_is_an_empty_array(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(json.dumps(ROWS))
    assert write_objects_with(b"CAM_BACK", tmp_path / "in.json", tmp_path / "out.json") == 0
    assert json.loads((tmp_path / "out.json").read_text()) == []
