from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select, text

from data.errors import NotAllowed, NoteRefused
from data.frames.origins import rejected_clips
from data.proposals.recorded_replies import propose_from_replies
from data.review.serving import lease_frames
from data.scenarios.ingest import take_in
from data.scenarios.plausibility import Judgement, count_clips, judge_clip
from data.store.opening import Store
from data.store.tables import ClipJudgement, Frame, FrameStatus, GeneratedFrame, Lease
from data.verification.status import refresh_statuses
from data.vocabulary import ModelRole, PersonRole, SetAside
from tests.builders import S, a_person, a_raw_reply, frames_of, replies_file, reviewed


@pytest.fixture
def frames(tmp_path: Path, store: Store, outputs: Path) -> list[str]:
    """Generated frames that the teacher has answered."""
    take_in(store, outputs, tmp_path / "workspace")
    with store.read() as session:
        made = session.exec(
            select(Frame).join(GeneratedFrame, col(GeneratedFrame.frame_id) == Frame.id)
        ).all()
    names = {frame.filename: a_raw_reply(S) for frame in made}
    replies = replies_file(tmp_path / "more.jsonl", names, role=ModelRole.TEACHER)
    propose_from_replies(store, replies, role=ModelRole.TEACHER)
    refresh_statuses(store)
    return [frame.id for frame in made]


def asides(session: Session, frames: list[str]) -> set[SetAside | None]:
    return {session.get_one(Frame, frame_id).set_aside for frame_id in frames}


def test_one_act_puts_the_whole_clip_aside_for_everybody(store: Store, frames: list[str]) -> None:
    ada, bob = a_person(store, role=PersonRole.LEAD), a_person(store, "bob")
    held = {one.frame.id for one in lease_frames(store, bob, n=100)}
    assert held >= set(frames)
    judge_clip(store, ada, Judgement(token="t" * 8, frame_id=frames[2]))
    with store.read() as session:
        assert asides(session, frames) == {SetAside.IMPLAUSIBLE}
        assert "geometry is broken" in str(session.get_one(Frame, frames[0]).set_aside_detail)
        assert [session.get(FrameStatus, frame_id) for frame_id in frames] == [None] * 8
        assert [session.get(Lease, frame_id) for frame_id in frames] == [None] * 8
        assert count_clips(session).rejected == {"fog": 1}
    assert not set(frames) & {one.frame.id for one in lease_frames(store, bob, n=100)}


def test_the_same_act_sent_twice_is_one_row(store: Store, frames: list[str]) -> None:
    ada = a_person(store, role=PersonRole.LEAD)
    first = judge_clip(store, ada, Judgement(token="t" * 8, frame_id=frames[0]))
    assert judge_clip(store, ada, Judgement(token="t" * 8, frame_id=frames[0])).id == first.id


def test_a_rejection_is_taken_back_by_its_author_or_a_lead_and_reviews_stay(
    store: Store, frames: list[str]
) -> None:
    ada, bob, lead = a_person(store), a_person(store, "bob"), a_person(store, "lea", PersonRole.LEAD)
    reviewed(store, bob, frames[0], S)
    lease_frames(store, ada, n=100)
    judge_clip(store, ada, Judgement(token="a" * 8, frame_id=frames[1]))
    back = Judgement(token="b" * 8, frame_id=frames[0], is_rejected=False, reason="It is fine.")
    with pytest.raises(NoteRefused, match="a lead can take it back"):
        judge_clip(store, bob, back)
    judge_clip(store, lead, back)
    with store.read() as session:
        assert asides(session, frames) == {None}
        assert rejected_clips(session) == {}
        assert session.get_one(FrameStatus, frames[0]).level is S
        assert len(session.exec(select(ClipJudgement)).all()) == 2
    again = back.model_copy(update={"token": "c" * 8})
    with pytest.raises(NoteRefused, match="nothing to take back"):
        judge_clip(store, ada, again)
    for frame in (frames[0], "no-such-frame"):
        with pytest.raises(NoteRefused, match="You have not rejected this frame's clip"):
            judge_clip(store, bob, again.model_copy(update={"frame_id": frame}))
    assert judge_clip(store, ada, Judgement(token="d" * 8, frame_id=frames[0])).is_rejected


def test_nobody_rejects_a_clip_that_was_not_served_to_them(store: Store, frames: list[str]) -> None:
    ada, bob = a_person(store), a_person(store, "bob")
    lease_frames(store, bob, n=100)
    for frame in (frames[0], "no-such-frame"):
        with pytest.raises(NoteRefused, match="so the clip was not rejected; a lead can still do that"):
            judge_clip(store, ada, Judgement(token="a" * 8, frame_id=frame))
    assert judge_clip(store, bob, Judgement(token="b" * 8, frame_id=frames[0])).is_rejected


def test_a_real_frame_has_no_clip_to_reject(store: Store, frames: list[str]) -> None:
    with pytest.raises(NoteRefused, match="was not generated"):
        judge_clip(
            store,
            a_person(store, role=PersonRole.LEAD),
            Judgement(token="t" * 8, frame_id=frames_of("scene-0001")[0]),
        )
    with pytest.raises(NotAllowed):
        judge_clip(
            store,
            a_person(store, "tim", PersonRole.TRAINER),
            Judgement(token="u" * 8, frame_id=frames[0]),
        )


@pytest.mark.parametrize("table", ["generated_clip", "generated_frame", "clip_judgement"])
def test_the_database_itself_keeps_the_rows(store: Store, frames: list[str], table: str) -> None:
    judge_clip(store, a_person(store, role=PersonRole.LEAD), Judgement(token="t" * 8, frame_id=frames[0]))
    with pytest.raises(DBAPIError, match="are never changed"), store.write() as session:
        session.connection().execute(text(f"DELETE FROM {table}"))
