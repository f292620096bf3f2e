from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import ProposalError
from data.snapshot.rewrites import (
    confirm_rewrite,
    confirmed_thoughts,
    rewrite_from_endpoint,
    rewrite_question,
    unconfirmed_rewrites,
)
from data.store.opening import Store
from data.store.tables import Proposal
from data.vocabulary import PersonRole
from tests.builders import A, S, a_person, a_store, reviewed
from tests.data.vlm.vllm_stand_in import StandIn, served

pytestmark = pytest.mark.each_store

SAYS = "<think>\nThe cones narrow the lane.\n</think>\n\n{}"


def a_corrected_store(folder: Path) -> tuple[Store, int, str]:
    """A store with one verified training frame whose level is not the teacher's: (store, person, frame)."""
    store = a_store(folder, teacher=A)
    person = a_person(store, "lena", PersonRole.LEAD)
    with store.read() as session:
        from data.store.tables import FrameStatus
        from data.vocabulary import Split

        train = session.exec(select(FrameStatus.frame_id).where(FrameStatus.split == Split.TRAIN)).all()
    reviewed(store, person, train[0], S)
    reviewed(store, person, train[1], A)
    return store, person, train[0]


def a_stand_in() -> StandIn:
    return StandIn(model="test-teacher", says=lambda asked: SAYS)


def test_only_corrected_frames_are_asked_about_and_once(tmp_path: Path) -> None:
    store, _, frame = a_corrected_store(tmp_path)
    with served(a_stand_in()) as stand_in:
        first = rewrite_from_endpoint(store, endpoint=stand_in.url)
        second = rewrite_from_endpoint(store, endpoint=stand_in.url)
    assert (first.corrected, first.added, first.awaiting) == (1, 1, 1)
    assert (second.corrected, second.added) == (1, 0)
    (rewrite,) = unconfirmed_rewrites(store)
    assert (rewrite.frame_id, rewrite.level) == (frame, S)
    assert rewrite.chain_of_thought == "The cones narrow the lane."


def test_the_question_names_the_verified_level_and_the_humans_reason(tmp_path: Path) -> None:
    store, _, _ = a_corrected_store(tmp_path)
    with served(a_stand_in()) as stand_in:
        rewrite_from_endpoint(store, endpoint=stand_in.url)
    (asked,) = stand_in.asked
    text = asked.body["messages"][1]["content"][1]["text"]
    assert text == rewrite_question(S, "A person says SUPERVISION.")
    assert "the level is SUPERVISION. Their reason: A person says SUPERVISION." in text


def test_the_proposal_stays_as_it_was(tmp_path: Path) -> None:
    store, _, _ = a_corrected_store(tmp_path)
    with store.read() as session:
        before = [row.model_dump() for row in session.exec(select(Proposal))]
    with served(a_stand_in()) as stand_in:
        rewrite_from_endpoint(store, endpoint=stand_in.url)
    with store.read() as session:
        assert [row.model_dump() for row in session.exec(select(Proposal))] == before


def test_nothing_is_usable_before_a_person_confirmed_it(tmp_path: Path) -> None:
    store, person, frame = a_corrected_store(tmp_path)
    with served(a_stand_in()) as stand_in:
        rewrite_from_endpoint(store, endpoint=stand_in.url)
    (rewrite,) = unconfirmed_rewrites(store)
    with store.read() as session:
        assert confirmed_thoughts(session) == {}
    confirm_rewrite(store, person, int(rewrite.id or 0), " Cones stand in the lane. ")
    with store.read() as session:
        assert confirmed_thoughts(session) == {(frame, S): "Cones stand in the lane."}
    assert unconfirmed_rewrites(store) == []
    with pytest.raises(ProposalError, match="was confirmed before"):
        confirm_rewrite(store, person, int(rewrite.id or 0), "Again.")


def test_a_rewrite_that_was_cut_is_kept_as_a_failure_and_never_offered(tmp_path: Path) -> None:
    store, _, _ = a_corrected_store(tmp_path)
    with served(
        StandIn(model="test-teacher", says=lambda asked: SAYS, finish=lambda asked: "length")
    ) as stand_in:
        done = rewrite_from_endpoint(store, endpoint=stand_in.url)
    assert (done.added, done.failed, done.awaiting) == (1, 1, 0)


def test_without_a_teacher_there_is_nothing_to_rewrite(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=None)
    with pytest.raises(ProposalError, match="No teacher"):
        rewrite_from_endpoint(store, endpoint="http://127.0.0.1:9/v1")
