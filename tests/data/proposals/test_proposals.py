from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import ProposalError
from data.proposals.recorded_replies import propose_from_replies
from data.proposals.runs import kept_run, planned_run
from data.store.tables import Proposal
from data.vocabulary import Failure, ModelRole, TriageLevel
from tests.builders import S, T, a_filename, a_raw_reply, a_store, frames_of, replies_file

pytestmark = pytest.mark.each_store

NAME = a_filename("scene-0001", 0)


def test_a_reply_becomes_a_proposal_with_its_raw_text_and_chain_of_thought(tmp_path: Path) -> None:
    raw = a_raw_reply(T, thought="A worker stands in the lane.")
    store = a_store(tmp_path, teacher=None, student=None)
    done = propose_from_replies(
        store, replies_file(tmp_path / "r.jsonl", {NAME: raw}, role=ModelRole.TEACHER), role=ModelRole.TEACHER
    )
    assert (done.run, done.parsed, done.failed, done.unanswered) == ("test-teacher", 1, 0, 7)
    with store.read() as session:
        proposal = session.exec(select(Proposal)).one()
    assert (proposal.frame_id, proposal.level, proposal.raw) == (frames_of("scene-0001")[0], T, raw)
    assert proposal.chain_of_thought == "A worker stands in the lane."


def test_a_reply_that_cannot_be_parsed_is_kept_with_its_reason(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher={NAME: "<think>The lorry"}, student=None)
    with store.read() as session:
        proposal = session.exec(select(Proposal)).one()
    assert (proposal.level, proposal.failure, proposal.raw) == (None, Failure.TRUNCATED, "<think>The lorry")
    assert proposal.failure_detail == "The reply was cut off inside its chain of thought."


def test_recording_again_adds_nothing(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=S, student=None)
    again = propose_from_replies(store, tmp_path / "teacher.jsonl", role=ModelRole.TEACHER)
    assert (again.added, again.parsed, again.unanswered) == (0, 8, 0)


def test_several_replies_to_one_frame_are_its_samples_and_are_counted(tmp_path: Path) -> None:
    store, path = a_store(tmp_path, teacher=None, student=None), tmp_path / "r.jsonl"
    said = [
        a_raw_reply(TriageLevel.AUTONOMY),
        a_raw_reply(T, reasoning="One."),
        "not an answer",
        a_raw_reply(T, reasoning="Two."),
    ]
    lines = [
        replies_file(tmp_path / f"{number}.jsonl", {NAME: raw}, role=ModelRole.TEACHER).read_text()
        for number, raw in enumerate(said)
    ]
    path.write_text("".join(lines))
    done = propose_from_replies(store, path, role=ModelRole.TEACHER)
    assert (done.added, done.parsed, done.samples) == (1, 1, 3)
    with store.read() as session:
        proposal = session.exec(select(Proposal)).one()
    assert (proposal.level, proposal.raw) == (T, said[1])
    assert proposal.other_samples == [said[0], said[2], said[3]]
    assert proposal.votes == [1, 0, 2]


def test_replies_about_other_images_are_counted_not_lost(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=None, student=None)
    path = replies_file(tmp_path / "r.jsonl", {"samples/other.jpg": a_raw_reply()}, role=ModelRole.TEACHER)
    done = propose_from_replies(store, path, role=ModelRole.TEACHER)
    assert (done.added, done.unknown, done.unanswered) == (0, 1, 8)


@pytest.mark.parametrize(
    "line",
    ["not json", "[]", '{"role": "teacher"}', '{"role": "chief", "model": "m", "raw": ""}', "[" * 100_000],
)
def test_a_broken_line_is_named_and_nothing_is_written(tmp_path: Path, line: str) -> None:
    store = a_store(tmp_path, teacher=None, student=None)
    path = replies_file(tmp_path / "r.jsonl", {NAME: a_raw_reply()}, role=ModelRole.TEACHER)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ProposalError, match=r"r.jsonl, line 2, is not a recorded reply"):
        propose_from_replies(store, path, role=ModelRole.TEACHER)
    with store.read() as session:
        assert session.exec(select(Proposal)).first() is None


def test_a_file_of_two_models_needs_a_choice(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=None, student=None)
    one, two = (
        replies_file(tmp_path / f"{model}.jsonl", {NAME: a_raw_reply()}, role=ModelRole.TEACHER, model=model)
        for model in ("one", "two")
    )
    one.write_text(one.read_text() + two.read_text())
    with pytest.raises(ProposalError, match="replies of one, two; choose one with --model"):
        propose_from_replies(store, one, role=ModelRole.TEACHER)
    assert propose_from_replies(store, one, role=ModelRole.TEACHER, model="two").run == "two"


def test_no_reply_in_the_role_is_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=S, student=None)
    with pytest.raises(ProposalError, match="holds no reply in the role student"):
        propose_from_replies(store, tmp_path / "teacher.jsonl", role=ModelRole.STUDENT)


def test_nothing_is_proposed_before_frames_are_sampled(tmp_path: Path) -> None:
    store = a_store(tmp_path, sampled=False)
    path = replies_file(tmp_path / "r.jsonl", {NAME: a_raw_reply()}, role=ModelRole.TEACHER)
    with pytest.raises(ProposalError, match="Run `teletriage sample` first"):
        propose_from_replies(store, path, role=ModelRole.TEACHER)


def test_a_run_is_the_same_while_what_determines_it_is(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=None, student=None)

    def run(**changes: object) -> str:
        fields = {
            "role": ModelRole.TEACHER,
            "model": "org/model",
            "source": "endpoint",
            "question": "q",
            **changes,
        }
        return kept_run(store, planned_run(store, **fields)).name  # type: ignore[arg-type]

    assert run() == run() == "model"
    assert run(parameters={"temperature": 0.6}) == "model-2"
    assert run(revision="abc") == "model-3"
    assert run(question="another") == "model-4"
    with pytest.raises(ProposalError, match="already called 'model'"):
        run(revision="def", name="model")


def test_characters_that_databases_refuse_are_replaced(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher={NAME: "a\0b\ud800c"}, student=None)
    with store.read() as session:
        assert session.exec(select(Proposal)).one().raw == "a\ufffdb\ufffdc"
