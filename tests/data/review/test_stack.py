from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from data.errors import ReviewRefused
from data.overview.progress import progress
from data.review.blind_audits import open_audit
from data.review.reviews import submit_review
from data.review.serving import lease_frames, release_leases
from data.review.stack.frames import companions
from data.review.stack.judgements import StackDecision, StackJudged, judge_stack, take_stack_back
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import freeze
from data.store.opening import Store
from data.store.tables import (
    Adjudication,
    AuditFrame,
    FrameStack,
    FrameStatus,
    GoldFrame,
    Lease,
    RandomShare,
    Review,
    TrailEntry,
)
from data.vocabulary import Mode, PersonRole, Split, TrailAct, TriageLevel, Verdict, VerificationState
from eval.agreement.from_store import agreement
from eval.annotators.from_store import people_summary
from tests.builders import A, S, T, a_decision, a_filename, a_person, a_raw_reply, a_store, frames_of
from tests.data.review.test_reviews import frames_in

pytestmark = pytest.mark.each_store
ALL_ASSISTED = {Mode.ASSISTED: 1.0}
SCENES = {"scene-0001": 6, "scene-0002": 6}


class Standing:
    """A vehicle that stands: every frame of each scene is a stack. Ada sees all with their proposals."""

    def __init__(self, folder: Path, teacher: TriageLevel | dict[str, str] = S) -> None:
        self.store: Store = a_store(folder, scenes=SCENES, teacher=teacher, student=A)
        self.ada = a_person(self.store, "ada")
        training = set(frames_in(self.store, Split.TRAIN))
        self.frames = [one for scene in SCENES for one in frames_of(scene, 6) if one in training]  # by time
        with self.store.write() as session:
            for split in Split:
                stack = frames_in(self.store, split)
                session.add_all(FrameStack(frame_id=one, first_id=stack[0]) for one in stack)
        lease_frames(self.store, self.ada, n=20, shares=ALL_ASSISTED)
        self.on_screen = self.frames[2]

    def offered(self, person_id: int | None = None) -> list[str]:
        with self.store.read() as session:
            now_us = self.store.now_us(session)
            found = companions(session, person_id or self.ada, [self.on_screen], now_us, ALL_ASSISTED)
        return [one.id for one in found.get(self.on_screen, [])]

    def judge(
        self, level: TriageLevel = S, *, others: list[str] | None = None, **changes: Any
    ) -> StackJudged:
        seen = changes.pop("seen", [])
        given = a_decision(self.on_screen, level, **{"reasoning": None, "action": None, **changes})
        chosen = others if others is not None else self.offered()
        decision = StackDecision(**given.model_dump(), others=chosen, seen_large=seen)
        return judge_stack(self.store, self.ada, decision, shares=ALL_ASSISTED)

    def rows(self, *frames: str) -> list[Review]:
        with self.store.read() as session:
            query = select(Review).order_by(col(Review.id))
            return [one for one in session.exec(query) if not frames or one.frame_id in frames]

    def state(self, frame: str) -> VerificationState:
        with self.store.read() as session:
            return session.get_one(FrameStatus, frame).state

    def add(self, *rows: Any) -> None:
        with self.store.write() as session:
            session.add_all(rows)


@pytest.fixture
def standing(tmp_path: Path) -> Standing:
    return Standing(tmp_path)


def test_one_judgement_is_a_row_for_each_frame_in_the_trail_and_once_however_often_it_is_sent(
    standing: Standing,
) -> None:
    others = [one for one in standing.frames if one != standing.on_screen]
    assert standing.offered() == others
    done = standing.judge(seconds_shown=4.0)
    again = standing.judge(others=others, seconds_shown=4.0)
    assert (done.judged, done.left_out, again.judged) == (tuple(others), (), tuple(others))
    first, *rest = standing.rows()
    assert (first.frame_id, first.mode, first.stack, first.seconds_shown) == (
        standing.on_screen, Mode.ASSISTED, first.token, 4.0,
    )  # fmt: skip
    assert {(one.mode, one.stack, one.verdict, one.seconds_shown) for one in rest} == {
        (Mode.STACK, first.token, Verdict.ACCEPT, None)
    }
    assert sorted(one.frame_id for one in rest) == sorted(others)
    assert all(one.proposal_id for one in rest)
    assert {standing.state(one) for one in standing.frames} == {VerificationState.VERIFIED}
    with standing.store.read() as session:
        acts = session.exec(select(TrailEntry).where(TrailEntry.act == TrailAct.REVIEWED)).all()
        assert session.exec(select(Lease).where(col(Lease.frame_id).in_(standing.frames))).all() == []
    assert len(acts) == len(standing.frames)


@pytest.mark.parametrize("danger", ["gold", "random share", "held-out", "audit", "blind", "another's"])
def test_a_frame_that_must_be_judged_alone_is_never_offered_nor_taken(
    standing: Standing, danger: str
) -> None:
    frame, others = standing.frames[0], standing.offered()
    assert frame in others
    store = standing.store
    if danger == "gold":
        lead = a_person(store, "lena", PersonRole.LEAD)
        standing.add(
            Adjudication(id=1, frame_id=frame, person_id=lead, level=S, reason="x y z", adjudicated_at_us=1)
        )
        standing.add(GoldFrame(frame_id=frame, adjudication_id=1, level=S, made_by_id=lead, made_at_us=1))
    elif danger == "random share":
        standing.add(RandomShare(frame_id=frame, inclusion_probability=0.1, place=0.5))
    elif danger == "held-out":
        frame = frames_in(store, Split.HELD_OUT)[0]
        with store.write() as session:
            session.get_one(FrameStack, frame).first_id = standing.frames[0]
    elif danger == "audit":
        release_leases(store, standing.ada)
        open_audit(store, a_person(store, "lena", PersonRole.LEAD))
        with store.read() as session:
            assert frame in session.exec(select(AuditFrame.frame_id)).all()
    elif danger == "blind":
        with store.write() as session:
            session.get_one(Lease, frame).mode = Mode.BLIND
    elif danger == "another's":
        ben = a_person(store, "ben")
        with store.write() as session:
            session.get_one(Lease, frame).person_id = ben
    assert frame not in standing.offered()
    if danger == "audit":
        assert standing.offered() == []
        return
    done = standing.judge(others=[frame, *[one for one in others if one != frame]][:5])
    assert frame in done.left_out
    assert not [one for one in standing.rows(frame) if one.person_id == standing.ada]
    assert len(done.judged) >= 3


def test_a_frame_of_which_the_teacher_said_something_else_is_not_among_them(tmp_path: Path) -> None:
    replies = {
        a_filename(scene, place): a_raw_reply(A if place == 0 else S)
        for scene in SCENES
        for place in range(6)
    }
    standing = Standing(tmp_path, teacher=replies)
    assert standing.offered() == [standing.frames[1], *standing.frames[3:]]


def test_a_blind_or_decide_first_frame_on_screen_is_judged_alone(standing: Standing) -> None:
    others = standing.offered()
    for mode in (Mode.BLIND, Mode.DECIDE_FIRST):
        with standing.store.write() as session:
            session.get_one(Lease, standing.on_screen).mode = mode
        assert standing.offered() == []
        with pytest.raises(ReviewRefused, match="shown with its proposal"):
            standing.judge(others=others)
    assert standing.rows() == []


@pytest.mark.parametrize(("proposed", "said"), [(T, T), (S, T), (T, S)])
def test_where_teleoperation_is_said_or_proposed_every_frame_is_seen_large_first(
    tmp_path: Path, proposed: TriageLevel, said: TriageLevel
) -> None:
    standing = Standing(tmp_path, teacher=proposed)
    others = standing.offered()
    words: dict[str, Any] = (
        {} if proposed is said else {"reasoning": "A lorry blocks the lane.", "action": "Take over."}
    )
    with pytest.raises(ReviewRefused, match=f"1 of {len(others)} were not"):
        standing.judge(said, seen=others[1:], **words)
    assert standing.rows() == []
    standing.judge(said, seen=others, **words)
    assert len(standing.rows()) == len(standing.frames)
    assert {standing.state(one) for one in standing.frames} == {
        VerificationState.AWAITING
    }  # two people, always


def test_a_frame_settled_meanwhile_is_left_out_and_the_others_are_judged(standing: Standing) -> None:
    others = standing.offered()
    settled = others[0]
    lease_frames(standing.store, standing.ada, n=20, shares=ALL_ASSISTED)
    submit_review(standing.store, standing.ada, a_decision(settled, A))
    done = standing.judge(others=others)
    assert (done.left_out, len(done.judged)) == ((settled,), len(others) - 1)
    assert [one.level for one in standing.rows(settled)] == [A]


def test_taking_back_takes_the_whole_stack_and_its_frames_come_again_one_by_one(standing: Standing) -> None:
    done = standing.judge()
    back = take_stack_back(standing.store, standing.ada, done.review.token)
    assert sorted(back) == sorted(done.judged)
    assert take_stack_back(standing.store, standing.ada, done.review.token) == []
    assert {standing.state(one) for one in back} == {VerificationState.AWAITING}
    assert standing.state(standing.on_screen) is VerificationState.VERIFIED
    held = {one.frame.id for one in lease_frames(standing.store, standing.ada, n=20, shares=ALL_ASSISTED)}
    assert set(back) <= held
    frame = back[0]
    submit_review(standing.store, standing.ada, a_decision(frame, A))
    assert standing.state(frame) is VerificationState.VERIFIED
    assert [(one.mode, one.level, bool(one.is_taken_back)) for one in standing.rows(frame)] == [
        (Mode.STACK, S, False), (Mode.STACK, S, True), (Mode.ASSISTED, A, False),
    ]  # fmt: skip
    ben = a_person(standing.store, "ben")
    with pytest.raises(ReviewRefused, match="was not saved"):
        take_stack_back(standing.store, ben, done.review.token)


def test_a_stack_is_one_judgement_in_figures_and_is_marked_in_a_snapshot(
    standing: Standing, tmp_path: Path
) -> None:
    done = standing.judge()
    assert len(done.judged) == len(standing.frames) - 1
    found = agreement(standing.store)
    assert (found.assisted.ratings, found.independent.ratings) == (1, 0)
    (ada,) = people_summary(standing.store).people
    assert (ada.by_mode[Mode.STACK], ada.by_mode[Mode.ASSISTED]) == (len(done.judged), 1)
    assert ada.accepted is not None
    assert (ada.accepted.n, ada.reviews) == (1, len(standing.frames))
    (told,) = progress(standing.store).people
    assert (told.shown, told.accepted, told.by_mode[Mode.STACK]) == (1, 1, len(done.judged))
    manifest = freeze(standing.store, tmp_path / "snap")
    pairs = {one.frame_id: one.in_stack for one in load_snapshot(tmp_path / "snap").pairs}
    assert pairs == {one: one != standing.on_screen for one in standing.frames}
    assert manifest.judged_in_stacks == len(done.judged)
    assert "judged together with one that" in (tmp_path / "snap" / "README.md").read_text()
