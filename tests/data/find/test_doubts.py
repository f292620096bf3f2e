"""Levels that may be wrong, traits that tell a level, days and scenarios as filters."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from data.errors import FindRefused
from data.find import current
from data.find.doubts import told_levels
from data.find.facets import day_facet
from data.find.pages import count_values, find_frames, notes_on_filters
from data.find.question import About, from_address
from data.review.serving import lease_frames, release_leases
from data.store.tables import Frame, FrameStatus, Scene
from data.suspicion.kept import FILE
from data.suspicion.ranking import Suspicion
from data.vocabulary import PersonRole, Split, VerificationState
from tests.builders import A, S, T, a_person, a_store, frames_of, reviewed

DAY_US = 86_400_000_000
IN_2026_US = 20_786 * DAY_US  # 2026-11-29


@pytest.fixture(autouse=True)
def nothing_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "REST", 0.0)
    monkeypatch.setattr(current, "LONG_S", float("inf"))


def test_a_level_in_doubt_is_found_counted_and_sorted_until_it_is_verified_anew(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={f"scene-000{n}": 3 for n in (1, 2, 3, 4)})
    lead = a_person(store, "lena", PersonRole.LEAD)
    wrong = frames_of("scene-0001", 3)[0]
    with store.write() as session:
        for status in session.exec(select(FrameStatus)):
            status.split, status.state, status.level = Split.TRAIN, VerificationState.VERIFIED, A

    def found(address: str) -> list[str]:
        return [
            one.frame_id for one in find_frames(store, lead, from_address(address), workspace=tmp_path).frames
        ]

    def notes() -> dict[About, str]:
        return notes_on_filters(store, lead, workspace=tmp_path)

    for address in ("suspicious=any", "sort=suspicion"):
        with pytest.raises(
            FindRefused, match="No level has been ranked yet: `teletriage suspicions` does it"
        ):
            found(address)
    assert set(notes()) == {About.SUSPICIOUS, About.LIKE, About.GROUNDING, About.PROBE}
    ranked = Suspicion(wrong, A, T, p_level=0.1, p_likely=0.8, why="teacher says TELEOPERATION.")
    (tmp_path / FILE).write_text(json.dumps({"frames": [ranked.as_dict()]}))
    assert found("suspicious=any") == found("suspicious=AUTONOMY:TELEOPERATION") == [wrong]
    assert found("sort=suspicion")[0] == wrong
    assert found("suspicious=TELEOPERATION:AUTONOMY") == []
    counts = count_values(store, lead, from_address(""), workspace=tmp_path)
    assert {one.value: one.frames for one in counts[About.SUSPICIOUS] if one.frames} == {
        "any": 1, "AUTONOMY:TELEOPERATION": 1,
    }  # fmt: skip
    told = {one.value: one.frames for one in counts[About.SHORTCUT] if one.frames}
    training = len(found("split=train"))
    assert (told["location:told"], told["hour:told"], training) == (training, training, 6)
    assert set(notes()) == {About.LIKE, About.GROUNDING, About.PROBE}
    with store.write() as session:
        session.get_one(FrameStatus, wrong).level = T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(current, "OLDEST_S", -1.0)
        current.current_columns(store, tmp_path)
        os.utime(tmp_path / FILE, (0, 0))
        assert found("suspicious=any") == []
    assert notes()[About.SUSPICIOUS].startswith("1 ranked level has changed since")
    (tmp_path / FILE).write_text("{")
    assert "no ranking of suspicious levels" in notes()[About.SUSPICIOUS]


def test_what_a_trait_tells_comes_from_other_scenes() -> None:
    group = np.array([0, 0, 0, 0, 1, 1, -1])
    scene = np.array([0, 0, 1, 2, 0, 0, 1])
    level = np.array([2, 2, 0, 0, 1, 1, 1])
    assert told_levels(group, level, scene).tolist() == [0, 0, 2, 2, -1, -1, -1]
    assert told_levels(group[:0], level[:0], scene[:0]).tolist() == []


def test_days_are_asked_for_alone_and_as_ranges() -> None:
    facet = day_facet(About.DATE, np.array([0, 1, 3, 3, 40]) * DAY_US)
    assert facet.values == ("1970-01-01", "1970-01-02", "1970-01-04", "1970-02-10")
    assert facet.having("1970-01-02..1970-01-04", 5).tolist() == [False, True, True, True, False]
    assert facet.having("1970-01-05..", 5).tolist() == [False, False, False, False, True]
    assert facet.having("..1970-01-01", 5).tolist() == [True, False, False, False, False]
    assert not facet.having("1970-01-03", 5).any()
    for value, why in {
        "..": "is no day for date",
        "1970-1-3": "'1970-1-3' is no day",
        "yesterday": "'yesterday' is no day",
        "1970-01-01...1970-01-02": "is no day",
        "1970-02-01..1970-01-01": "ends on 1970-01-01, before it begins on 1970-02-01",
    }.items():
        with pytest.raises(FindRefused, match=why):
            facet.having(value, 5)


def test_when_and_in_what_light_frames_were_taken_and_reviewed(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 5, "scene-0002": 5})
    lead, ada = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada")
    with store.write() as session:
        for scene in session.exec(select(Scene)):
            scene.utc_offset_min, scene.log_name = 8 * 60, "drive"
        for place, frame in enumerate(session.exec(select(Frame).order_by(Frame.id)).all()):
            frame.captured_at_us = IN_2026_US + place * 6 * 3_600_000_000
            frame.pixels = {"median_luma": float(place)}
            frame.boxes = {"human.pedestrian.police_officer": 1} if place == 9 else {}
    first = lease_frames(store, ada, n=1)[0].frame.id
    release_leases(store, ada)
    reviewed(store, ada, first, S)

    def n(address: str) -> int:
        return find_frames(store, lead, from_address(address)).n

    assert (n("taken=2026-11-29"), n("taken=2026-11-30"), n("taken=2026-11-30..")) == (3, 4, 7)
    assert (n("taken=2031-01-01"), n("date=2000-01-01.."), n("date=..2000-01-01")) == (0, 1, 0)
    assert n("person=ada&date=2000-01-01..&taken=2026-11-29..") == 1
    assert (n("hour=06+h+UTC"), n("hour=18+h+UTC")) == (3, 2)
    assert (n("brightness=darkest_fifth"), n("brightness=brightest_fifth")) == (2, 2)
    assert n("scenario=person_directing_traffic") == 1
