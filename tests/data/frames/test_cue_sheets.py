from __future__ import annotations

from pathlib import Path

from PIL import Image
from typer.testing import CliRunner

from annotator.__main__ import app
from data.frames.cue_sheets import count_cues, write_cue_sheets
from data.frames.ingest import ingest
from data.sources.nuscenes import nuscenes
from tests.builders import VERSION, a_box, a_dataroot, a_filename, an_empty_store
from tests.data.frames.test_data_sets import a_reel


def test_a_sheet_is_written_for_every_cue_that_frames_show(tmp_path: Path) -> None:
    person = a_box(category="human.pedestrian.adult", ahead_m=9.0)
    boxes = {a_filename("scene-0001", position): [person] for position in range(3)}
    store = an_empty_store(tmp_path / "workspace")
    ingest(store, nuscenes(a_dataroot(tmp_path / "root", boxes=boxes), VERSION))
    done = write_cue_sheets(store, tmp_path / "sheets", most=2)
    assert (done.frames, done.counts["pedestrian_near"], done.counts["glare"]) == (8, 3, 0)
    assert "pedestrian_near" in done.sheets
    assert "glare" not in done.sheets
    with Image.open(done.sheets["pedestrian_near"]) as sheet:
        assert sheet.size == (4 * 320, 212)
    assert count_cues(store).counts == done.counts
    assert done.unknown == {}


def test_frames_of_a_source_without_boxes_are_counted_as_unknown_and_not_among_those_without_the_cue(
    tmp_path: Path,
) -> None:
    store = an_empty_store(tmp_path / "w")
    ingest(store, a_reel(tmp_path), pictures=tmp_path / "w" / "pictures")
    counted = count_cues(store)
    assert (counted.frames, counted.counts["pedestrian_near"], counted.counts["construction"]) == (2, 1, 0)
    assert counted.unknown == {"pedestrian_near": 1, "construction": 1, "intersection": 2}
    found = CliRunner().invoke(app, ["--workspace", str(tmp_path / "w"), "cues"])
    assert "Could not be looked for: pedestrian_near in 1 frame, construction in 1 frame" in found.stdout
