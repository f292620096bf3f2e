"""What frames are found by in a store of several data sets, of which one has neither boxes nor a map."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.find.facets import Facet
from data.find.frame_facts import read_frame_facts
from data.find.question import About
from data.frames.ingest import ingest
from data.sources.nuscenes import nuscenes
from tests.builders import VERSION, a_box, a_dataroot, a_filename, an_empty_store
from tests.data.frames.test_data_sets import a_reel

pytestmark = pytest.mark.each_store


def test_a_frame_shows_a_cue_or_does_not_or_nobody_could_look(tmp_path: Path) -> None:
    person = a_box(category="human.pedestrian.adult", ahead_m=9.0)
    store = an_empty_store(tmp_path / "w")
    root = a_dataroot(tmp_path / "root", boxes={a_filename("scene-0001", 0): [person]})
    ingest(store, nuscenes(root, VERSION))
    ingest(store, a_reel(tmp_path), pictures=tmp_path / "pictures")
    with store.read() as session:
        found = read_frame_facts(session)
    facets = {one.about: one for one in found.facets}
    everything = ~found.is_generated
    assert counts(facets[About.DATA_SET], everything) == {"reel": 3, VERSION: 8}
    assert counts(facets[About.CUE], everything)["pedestrian_near"] == 2
    unknown = counts(facets[About.UNKNOWN_CUE], everything)
    assert (unknown["pedestrian_near"], unknown["construction"], unknown["night"]) == (2, 2, 1)
    neither = ~facets[About.CUE].having("pedestrian_near", 11) & ~facets[About.UNKNOWN_CUE].having(
        "pedestrian_near", 11
    )
    assert neither.sum() == 7
    times = counts(facets[About.TIME], everything)
    assert times == {"day": 10, "night": 0, "unknown": 1}  # one picture cannot be read


def counts(facet: Facet, kept: object) -> dict[str, int]:
    return dict(zip(facet.values, facet.counts(kept).tolist(), strict=True))  # type: ignore[arg-type]
