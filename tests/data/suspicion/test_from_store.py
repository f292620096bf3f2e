"""Suspicions and traits of a store: what they are read from, and how they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session, select

from data.alike.embed import embed_locally
from data.errors import VectorsError
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, ModelRun
from data.suspicion.evidence import training_levels
from data.suspicion.kept import FILE, current_suspicions, write_suspicions
from data.suspicion.traits import read_traits
from data.vocabulary import ModelRole, Split, TriageLevel, VerificationState
from eval.training_levels.from_store import training_level_figures
from tests.builders import A, S, T, a_filename, a_raw_reply, a_store

SCENES = {f"scene-{number:04}": 10 for number in range(1, 13)}
TRUE = {a_filename(scene, at): (A, S, T)[at // 4] for scene in SCENES for at in range(10)}


def a_verified_store(folder: Path) -> tuple[Store, str]:
    """Twelve scenes verified as what both models say, but for one frame, whose id is given."""
    raw = {name: a_raw_reply(level) for name, level in TRUE.items()}
    store = a_store(folder, scenes=SCENES, teacher=raw, student=raw)
    with store.write() as session:
        levels = _true_levels(session)
        wrong = min(frame_id for frame_id, level in levels.items() if level is T)
        for status in session.exec(select(FrameStatus)):
            status.split, status.state = Split.TRAIN, VerificationState.VERIFIED
            status.level = A if status.frame_id == wrong else levels[status.frame_id]
    return store, wrong


def _true_levels(session: Session) -> dict[str, TriageLevel]:
    return {frame.id: TRUE[frame.filename] for frame in session.exec(select(Frame))}


def test_the_one_wrong_level_is_found_kept_and_reported(tmp_path: Path) -> None:
    store, wrong = a_verified_store(tmp_path)
    embed_locally(store, tmp_path)
    assert current_suspicions(tmp_path) == {}
    found, ranked = write_suspicions(store, tmp_path)
    assert (len(found.frame_ids), found.scenes, len(found.said)) == (120, 12, 2)
    assert [one.frame_id for one in ranked] == [wrong]
    kept = current_suspicions(tmp_path)
    assert list(kept.values()) == ranked
    assert (kept[wrong].level, kept[wrong].likely) == (A, T)
    assert "say TELEOPERATION" in kept[wrong].why
    (tmp_path / FILE).unlink()
    with store.read() as session:
        figures = training_level_figures(session, tmp_path)
    assert list(current_suspicions(tmp_path).values()) == ranked  # the report's link finds its frames
    assert figures is not None
    assert [one.frame_id for one in figures.doubted] == [wrong]
    assert figures.based_on[-1] == "vectors of local-descriptor"
    assert [one.trait for one in figures.shortcuts] == ["brightness", "location", "hour", "person"]


def test_an_aligned_run_does_not_speak_for_the_levels_it_learned(tmp_path: Path) -> None:
    store, _ = a_verified_store(tmp_path)
    with store.write() as session:
        session.exec(
            select(ModelRun).where(ModelRun.role == ModelRole.STUDENT)
        ).one().role = ModelRole.ALIGNED
    with store.read() as session:
        assert len(training_levels(session, None).said) == 1


def test_a_store_without_verified_training_frames_says_so(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with store.read() as session:
        assert training_level_figures(session, None) is None
        assert read_traits(session, [])[0].group.tolist() == []
    with pytest.raises(VectorsError, match="0 verified training frames of 0 scenes are too few"):
        write_suspicions(store, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_a_file_that_is_no_ranking_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"frames": [{"level": "MAYBE"}]}')
    with pytest.raises(VectorsError, match="no ranking of suspicious levels"):
        current_suspicions(tmp_path)
