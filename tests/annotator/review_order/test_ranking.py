from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from annotator.review_order.ranking import rank_frames
from data.store.tables import FrameStatus
from data.vocabulary import Split
from tests.builders import A, S, T, a_filename, a_person, a_raw_reply, a_store, frames_of, reviewed

pytestmark = pytest.mark.each_store

SCENES = {"scene-0001": 6, "scene-0002": 6}


def test_supervision_comes_before_autonomy_and_the_terms_add_up(tmp_path: Path) -> None:
    names = [a_filename(scene, n) for scene in SCENES for n in range(6)]
    said = {name: a_raw_reply([A, S, T][n % 3]) for n, name in enumerate(names)}
    store = a_store(tmp_path, scenes=SCENES, teacher=said)
    assert rank_frames(store) == 12
    with store.read() as session:
        rows = session.exec(
            select(FrameStatus).where(FrameStatus.split == Split.TRAIN).order_by(FrameStatus.frame_id)
        ).all()
    best = max(rows, key=lambda row: row.priority)
    train = next(scene for scene in SCENES if rows[0].frame_id in frames_of(scene, 6))
    assert frames_of(train, 6).index(best.frame_id) % 3 == 1
    assert all(abs(sum(row.priority_terms.values()) - row.priority) < 1e-3 for row in rows)


def test_held_out_frames_take_places_that_tell_nothing(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    rank_frames(store)
    with store.read() as session:
        rows = session.exec(select(FrameStatus)).all()
    train = {row.priority for row in rows if row.split is Split.TRAIN}
    held_out = [row for row in rows if row.split is Split.HELD_OUT]
    assert {row.priority for row in held_out} <= train
    assert {tuple(row.priority_terms) for row in held_out} == {("random",)}


def test_a_miss_that_was_found_moves_its_neighbours_up(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 12, "scene-0002": 3}, teacher=A)
    rank_frames(store)
    with store.read() as session:
        first = session.exec(select(FrameStatus).where(FrameStatus.split == Split.TRAIN)).all()
    before = {row.frame_id: row.priority for row in first}
    scene = next(
        name for name, n in (("scene-0001", 12), ("scene-0002", 3)) if set(before) <= set(frames_of(name, n))
    )
    frames = frames_of(scene, len(before))
    reviewed(store, a_person(store), frames[0], T)
    rank_frames(store)
    with store.read() as session:
        after = {row.frame_id: row.priority for row in session.exec(select(FrameStatus))}
    assert after[frames[1]] > before[frames[1]]
    assert after[frames[-1]] == before[frames[-1]] or len(frames) <= 4
