from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, col, delete, select, update

from annotator.review_order.ranking import rank_frames, rank_if_due
from data.frames.sampling import sample_frames
from data.live.alerts import AlertAnswer, answer_alert
from data.live.returned_frames import Candidate, Outcome, return_disagreements, return_frame
from data.proposals.recorded_replies import propose_from_replies
from data.review.serving import lease_frames, release_leases
from data.snapshot.trace import trace
from data.store.opening import Store
from data.store.tables import (
    Frame,
    FrameStatus,
    OperatorAnswer,
    Proposal,
    RandomShare,
    ReturnedFrame,
    SampledFrame,
    Scene,
)
from data.verification.verified_frames import verified_frames
from data.vocabulary import (
    Mode,
    ModelRole,
    PersonRole,
    Response,
    ReturnedFor,
    SetAside,
    Split,
    TriageLevel,
    VerificationState,
)
from tests.builders import a_filename, a_person, a_raw_reply, a_store, replies_file, reviewed
from tests.data.feeds import START_US, a_watch, an_alert

A, S, T = TriageLevel


def answered(store: Store, alert: str, response: Response, *, name: str = "olga") -> None:
    person = a_person(store, name, PersonRole.OPERATOR)
    given = {"token": f"token-{alert}", "alert_id": alert, "response": response, "reason": "seen"}
    answer_alert(store, person, AlertAnswer.model_validate(given))


def returned(store: Store) -> list[ReturnedFrame]:
    with store.read() as session:
        return list(session.exec(select(ReturnedFrame)))


def a_frame_of(store: Store, split: Split) -> Frame:
    with store.read() as session:
        query = select(Frame).join(Scene, col(Scene.id) == Frame.scene_id).where(Scene.split == split)
        return session.exec(query.order_by(Frame.id)).first() or pytest.fail("no such frame")


def test_a_disagreement_becomes_a_frame_of_a_scene_of_its_own_that_waits_for_people(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    watch = a_watch(store, tmp_path)
    alert = an_alert(store, watch, S, folder=tmp_path)
    answered(store, alert, Response.TAKEN_OVER)
    assert return_disagreements(store) == [Outcome.RETURNED]
    assert return_disagreements(store) == []
    (came,) = returned(store)
    with store.read() as session:
        frame = session.get_one(Frame, came.frame_id)
        scene = session.get_one(Scene, frame.scene_id)
        status = session.get_one(FrameStatus, frame.id)
        proposal = session.get_one(Proposal, came.proposal_id)
    assert (scene.split, scene.log_name, frame.set_aside) == (Split.TRAIN, "feed-van", None)
    assert (status.state, status.level, status.reviews_needed) == (VerificationState.AWAITING, None, 1)
    assert (proposal.level, proposal.level_probabilities) == (S, [0.1, 0.5, 0.4])
    assert (came.why, came.alert_id, came.is_new) == (ReturnedFor.DISAGREEMENT, alert, True)
    link = trace(store, frame.id)["feed"]
    assert (link["name"], link["model"], link["revision"], link["snapshot"]) == (
        "van",
        "tiny-vl",
        "r1",
        "snap-1",
    )


@pytest.mark.parametrize(
    ("level", "response"),
    [(T, Response.TAKEN_OVER), (S, Response.WATCHING)],
)
def test_an_operator_who_agrees_brings_nothing_back(
    level: TriageLevel, response: Response, tmp_path: Path
) -> None:
    store = a_store(tmp_path)
    answered(store, an_alert(store, a_watch(store, tmp_path), level, folder=tmp_path), response)
    assert return_disagreements(store) == []


def test_a_returned_frame_enters_training_only_when_people_verified_it(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    answered(store, an_alert(store, a_watch(store, tmp_path), S, folder=tmp_path), Response.TAKEN_OVER)
    return_disagreements(store)
    (came,) = returned(store)

    def train() -> dict[str, TriageLevel]:
        with store.read() as session:
            return {one.frame.id: one.level for one in verified_frames(session, Split.TRAIN)}

    assert came.frame_id not in train()
    reviewed(store, a_person(store, "ada"), came.frame_id, T)
    assert came.frame_id not in train()
    reviewed(store, a_person(store, "ben"), came.frame_id, T)
    assert train()[came.frame_id] is T


def test_it_is_served_with_what_the_monitors_model_said_until_the_teacher_has_answered(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path)
    alert = an_alert(store, a_watch(store, tmp_path), S, folder=tmp_path)
    answered(store, alert, Response.TAKEN_OVER)
    return_disagreements(store)
    (came,) = returned(store)
    ada = a_person(store, "ada")
    every = {Mode.ASSISTED: 1.0}
    served = {one.frame.id: one for one in lease_frames(store, ada, n=100, shares=every)}
    shown = served[came.frame_id].shown_proposal
    assert shown is not None
    assert (shown.id, shown.level) == (came.proposal_id, S)
    with store.read() as session:
        filename = session.get_one(Frame, came.frame_id).filename
    said = {filename: a_raw_reply(T), a_filename("scene-0001", 0): a_raw_reply(S)}
    replies = replies_file(tmp_path / "more.jsonl", said, role=ModelRole.TEACHER)
    propose_from_replies(store, replies, role=ModelRole.TEACHER)
    ben = a_person(store, "ben")
    with store.write() as session:
        session.exec(
            update(FrameStatus).where(col(FrameStatus.frame_id) != came.frame_id).values(reviews_needed=0)
        )
    release_leases(store, ada)
    (again,) = lease_frames(store, ben, n=1, shares=every)
    assert again.shown_proposal is not None
    assert (again.frame.id, again.shown_proposal.level) == (came.frame_id, T)


def test_a_replayed_frame_of_a_held_out_scene_is_left_alone(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    held_out = a_frame_of(store, Split.HELD_OUT)
    watch = a_watch(store, tmp_path)
    answered(
        store, an_alert(store, watch, S, source_frame_id=held_out.id, folder=tmp_path), Response.TAKEN_OVER
    )
    assert return_disagreements(store) == [Outcome.HELD_OUT]
    assert returned(store) == []
    with store.read() as session:
        assert session.get_one(SampledFrame, held_out.id).split is Split.HELD_OUT


def test_a_camera_that_shows_the_bytes_of_a_held_out_frame_brings_in_no_copy(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    held_out = a_frame_of(store, Split.HELD_OUT)
    content = (tmp_path / "dataroot" / held_out.filename).read_bytes()
    answered(
        store,
        an_alert(store, a_watch(store, tmp_path), S, picture=content, folder=tmp_path),
        Response.TAKEN_OVER,
    )
    assert return_disagreements(store) == [Outcome.HELD_OUT]


def test_a_replayed_training_frame_stays_in_its_scene(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    frame = a_frame_of(store, Split.TRAIN)
    answered(store, an_alert(store, a_watch(store, tmp_path), T, source_frame_id=frame.id), Response.WATCHING)
    assert return_disagreements(store) == [Outcome.RETURNED]
    (came,) = returned(store)
    assert (came.frame_id, came.is_new) == (frame.id, False)
    with store.read() as session:
        scenes = {scene.location for scene in session.exec(select(Scene))}
    assert "live feed" not in scenes


def test_before_anything_is_sampled_a_frame_waits_and_comes_back_afterwards(tmp_path: Path) -> None:
    store = a_store(tmp_path, sampled=False)
    answered(store, an_alert(store, a_watch(store, tmp_path), S, folder=tmp_path), Response.TAKEN_OVER)
    assert return_disagreements(store) == [Outcome.NOTHING_SAMPLED]
    sample_frames(store, train=4, held_out=4)
    assert return_disagreements(store) == [Outcome.RETURNED]
    again = sample_frames(store, train=4, held_out=4)
    assert again.taken == {"train": 4, "held_out": 4}  # what came from feeds was never drawn


def test_a_picture_that_is_gone_is_a_frame_set_aside_with_the_reason(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    answered(store, an_alert(store, a_watch(store, tmp_path), S), Response.TAKEN_OVER)
    assert return_disagreements(store) == [Outcome.RETURNED]
    (came,) = returned(store)
    with store.read() as session:
        frame = session.get_one(Frame, came.frame_id)
        assert frame.set_aside is SetAside.IMAGE_MISSING
        assert session.get(FrameStatus, frame.id) is None


def test_returned_frames_take_their_place_in_the_order_and_no_place_in_the_random_share(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path, scenes={f"scene-{number:04}": 6 for number in range(1, 7)}, teacher=A)
    rank_frames(store)
    watch = a_watch(store, tmp_path)
    for number in range(12):
        alert = an_alert(store, watch, S, folder=tmp_path)
        answered(store, alert, Response.TAKEN_OVER, name=f"olga-{number}")
    return_disagreements(store)
    assert rank_if_due(store)
    came = {one.frame_id for one in returned(store)}
    with store.read() as session:
        order = session.exec(
            select(FrameStatus.frame_id)
            .where(FrameStatus.split == Split.TRAIN)
            .order_by(col(FrameStatus.priority).desc())
        ).all()
        drawn = set(session.exec(select(RandomShare.frame_id)))
    assert came.isdisjoint(drawn)
    # frames that a model would have called AUTONOMY stand behind those on which two disagreed
    assert sum(frame in came for frame in order[:14]) >= 10


def test_a_random_frame_keeps_the_probability_of_its_draw(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    watch = a_watch(store, tmp_path)
    candidate = Candidate(
        watch_id=watch.watch_id,
        feed_id=watch.feed_ids["van"],
        captured_at_us=START_US,
        image_sha256="0" * 64,
        raw=a_raw_reply(A),
        level_probabilities=None,
        why=ReturnedFor.RANDOM,
        inclusion_probability=0.001,
    )
    assert return_frame(store, candidate) is Outcome.RETURNED
    (came,) = returned(store)
    with store.read() as session:
        assert session.get_one(SampledFrame, came.frame_id).inclusion_probability == 0.001
    assert came.inclusion_probability == 0.001


@pytest.mark.parametrize("why", [ReturnedFor.DISAGREEMENT, ReturnedFor.BOUNDARY])
def test_a_frame_that_came_back_for_a_reason_was_not_drawn(tmp_path: Path, why: ReturnedFor) -> None:
    store = a_store(tmp_path)
    watch = a_watch(store, tmp_path)
    candidate = Candidate(
        watch_id=watch.watch_id,
        feed_id=watch.feed_ids["van"],
        captured_at_us=START_US,
        image_sha256="0" * 64,
        raw=a_raw_reply(A),
        level_probabilities=None,
        why=why,
    )
    assert return_frame(store, candidate) is Outcome.RETURNED
    (came,) = returned(store)
    with store.read() as session:
        assert session.get_one(SampledFrame, came.frame_id).inclusion_probability is None
    assert came.inclusion_probability is None


@pytest.mark.parametrize("table", [OperatorAnswer, ReturnedFrame])
def test_what_operators_did_can_never_be_changed(table: type[SQLModel], tmp_path: Path) -> None:
    store = a_store(tmp_path)
    answered(store, an_alert(store, a_watch(store, tmp_path), S, folder=tmp_path), Response.TAKEN_OVER)
    return_disagreements(store)

    with pytest.raises(DBAPIError, match="are never changed"), store.engine.begin() as connection:
        connection.execute(delete(table))
    with store.read() as session:
        assert session.exec(select(OperatorAnswer)).one()
