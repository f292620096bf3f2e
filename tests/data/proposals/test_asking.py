from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from data.errors import ProposalError
from data.proposals.asking import GIVE_UP_AFTER, Tally, propose_from_endpoint
from data.proposals.runs import Proposed
from data.store.opening import Store
from data.store.tables import Frame, ModelRun, Proposal
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import Failure
from tests.builders import S, T, a_raw_reply, a_store
from tests.data.proposals.requests import a_request
from tests.data.vlm.vllm_stand_in import Asked, StandIn, served


def an_unanswered_store(folder: Path, frames: int = 8) -> Store:
    scenes = {"scene-0001": frames // 2, "scene-0002": frames - frames // 2}
    return a_store(folder, scenes=scenes, teacher=None, student=None)


def asked(
    store: Store, stand_in: StandIn, watch: Callable[[Tally], None] | None = None, **changes: Any
) -> Proposed:
    return propose_from_endpoint(store, a_request(stand_in.url, **changes), watch=watch)


def proposals(store: Store) -> list[Proposal]:
    with store.read() as session:
        return list(session.exec(select(Proposal)))


def test_every_sampled_frame_gets_one_answer_with_its_request_and_probabilities(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path)
    with served(StandIn(probabilities=(0.1, 0.6, 0.3))) as stand_in:
        done = asked(store, stand_in)
    rows = proposals(store)
    assert (done.frames, done.added, done.parsed, done.unanswered) == (8, 8, 8, 0)
    assert len({row.request_hash for row in rows}) == 8
    assert [round(value, 6) for value in rows[0].token_probabilities or []] == [0.1, 0.6, 0.3]
    assert rows[0].level_probabilities == rows[0].token_probabilities
    assert (rows[0].votes, rows[0].attempts, rows[0].level) == ([0, 1, 0], 1, S)


def test_asking_again_asks_nothing(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path)
    with served(StandIn()) as stand_in:
        asked(store, stand_in)
        again = asked(store, stand_in)
    assert (again.added, again.parsed) == (0, 8)
    assert set(stand_in.by_image.values()) == {1}


def test_other_settings_are_another_run(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path)
    with served(StandIn()) as stand_in:
        asked(store, stand_in)
        other = asked(store, stand_in, sampling=replace(STUDENT_SAMPLING, seed=1))
    assert other.added == 8
    assert len({row.run_id for row in proposals(store)}) == 2


def test_several_samples_are_stored_as_votes_and_texts(tmp_path: Path) -> None:
    levels = ["SUPERVISION", "TELEOPERATION", "TELEOPERATION", "AUTONOMY"]
    says = StandIn(
        says=lambda one: a_raw_reply(T, reasoning="Blocked.").replace("TELEOPERATION", levels[one.sample])
    )
    store = an_unanswered_store(tmp_path)
    with served(says) as stand_in:
        asked(store, stand_in, sampling=replace(STUDENT_SAMPLING, samples=4, temperature=0.7))
    row = proposals(store)[0]
    assert (row.level, row.votes, len(row.other_samples or [])) == (T, [1, 1, 2], 3)


def test_unusable_replies_are_stored_with_reason_and_raw_text_after_three_attempts(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path)
    with served(StandIn(enforces_schema=False)) as stand_in:
        done = asked(store, stand_in)
    assert (done.parsed, done.failed, done.failures) == (0, 8, {"no_json": 8})
    row = proposals(store)[0]
    assert (row.failure, row.attempts) == (Failure.NO_JSON, 3)
    assert row.raw == "The road looks clear, so I would say AUTONOMY."


def test_a_frame_that_the_server_does_not_take_is_a_stored_failure(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path)
    with store.read() as session:
        refused = session.exec(select(Frame.image_sha256)).all()[-1]
    with served(StandIn(fails=lambda one: 400 if one.image == refused else None)) as stand_in:
        done = asked(store, stand_in, concurrency=1)
    assert (done.parsed + done.failed + done.unanswered, done.unanswered + done.failed) == (8, 1)


def test_a_server_that_takes_no_request_at_all_leaves_every_frame_unanswered(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path)
    with (
        served(StandIn(fails=lambda one: 400)) as stand_in,
        pytest.raises(ProposalError, match="can be resumed"),
    ):
        asked(store, stand_in)
    assert proposals(store) == []


def test_unreached_frames_are_counted_by_reason_and_asked_for_later(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path)
    with store.read() as session:
        lost = session.exec(select(Frame.image_sha256).order_by(Frame.id)).first()
    with served(StandIn(fails=lambda one: 503 if one.image == lost else None)) as stand_in:
        done = asked(store, stand_in)
        stand_in.fails = lambda one: None
        later = asked(store, stand_in)
    assert (done.unanswered, sum(done.unreached.values())) == (1, 1)
    assert (later.added, later.unanswered, later.unreached) == (1, 0, {})


def test_a_dead_endpoint_is_given_up_on(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path, frames=80)
    with store.read() as session:
        first = session.exec(select(Frame.image_sha256).order_by(Frame.scene_id)).first()

    def dies(one: Asked) -> int | None:
        return None if one.image == first else 503

    with served(StandIn(fails=dies)) as stand_in:
        done = asked(store, stand_in, concurrency=4)
    assert sum(done.unreached.values()) <= GIVE_UP_AFTER + 8
    assert done.unanswered >= 79


def test_a_run_that_nothing_answered_is_none(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path, frames=2)
    with served(StandIn(fails=lambda _: 503)) as stand_in, pytest.raises(ProposalError, match="None of 2"):
        asked(store, stand_in)
    with store.read() as session:
        assert session.exec(select(ModelRun)).all() == []


def test_the_tally_tells_of_progress_and_failures(tmp_path: Path) -> None:
    store, seen = an_unanswered_store(tmp_path), []
    with served(StandIn(enforces_schema=False)) as stand_in:
        asked(store, stand_in, watch=lambda tally: seen.append((tally.done, dict(tally.failures))))
    assert seen[-1] == (8, {"no_json": 8})


def test_an_unusable_image_does_not_stop_the_others(tmp_path: Path) -> None:
    store = an_unanswered_store(tmp_path)
    (tmp_path / "dataroot/samples/CAM_FRONT/scene-0001__CAM_FRONT__000.jpg").unlink()
    with served(StandIn()) as stand_in:
        done = asked(store, stand_in)
    assert (done.added, done.unanswered) == (7, 1)
    assert done.unreached == {"scene-0001__CAM_FRONT__000.jpg is not in the dataroot.": 1}


def test_a_tally_keeps_going_until_so_many_frames_in_a_row_are_lost() -> None:
    assert Tally(100, in_a_row_unreached=GIVE_UP_AFTER - 1).keep_going()
    assert not Tally(100, in_a_row_unreached=GIVE_UP_AFTER).keep_going()
