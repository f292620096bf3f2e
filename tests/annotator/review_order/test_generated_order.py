"""Generated frames take their place in the order of review, but in nothing that stands for the road's frames."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import col, select

from annotator.review_order.ranking import is_in_random_share, rank_frames
from data.frames.cue_sheets import count_cues
from data.proposals.recorded_replies import propose_from_replies
from data.review.blind_audits import open_audit
from data.scenarios.ingest import take_in
from data.store.tables import AuditFrame, Frame, FrameStatus, RandomShare
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole, PersonRole
from eval.certificate.from_store import trust
from tests.builders import S, a_person, a_raw_reply, replies_file
from tests.data.scenarios.builders import a_plan, a_scenario_store, generate


def test_generated_frames_are_ranked_but_neither_drawn_at_random_nor_audited(tmp_path: Path) -> None:
    store = a_scenario_store(tmp_path)
    a_plan(store, tmp_path / "plan", clips=2, variants=2)
    take_in(store, generate(tmp_path / "plan"), tmp_path / "workspace")
    with store.read() as session:
        frames = session.exec(select(Frame).where(col(Frame.generated_clip_id).is_not(None))).all()
    replies = replies_file(
        tmp_path / "more.jsonl",
        {frame.filename: a_raw_reply(S) for frame in frames},
        role=ModelRole.TEACHER,
    )
    propose_from_replies(store, replies, role=ModelRole.TEACHER)
    refresh_statuses(store)
    made = {frame.id for frame in frames}
    assert len(made) == 32
    assert any(is_in_random_share(frame_id) for frame_id in made)  # chance alone would have drawn some

    assert rank_frames(store) == 64
    open_audit(store, a_person(store, "lea", PersonRole.LEAD))
    with store.read() as session:
        ranked = {one.frame_id for one in session.exec(select(FrameStatus)) if one.priority > 0}
        drawn = set(session.exec(select(RandomShare.frame_id)))
        audited = set(session.exec(select(AuditFrame.frame_id)))
    assert made <= ranked
    assert drawn
    assert not made & drawn
    assert len(audited) == 24
    assert not made & audited
    assert trust(store).unreviewed == 24
    assert (count_cues(store).frames, count_cues(store).counts["fog"]) == (32, 0)
