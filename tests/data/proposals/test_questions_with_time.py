"""A run whose question shows earlier frames: what is sent, what is kept, and that it never mixes with another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from data.errors import ProposalError
from data.images.model_picture import model_picture_of
from data.proposals.asking import due_frames, endpoint_run, propose_from_endpoint
from data.proposals.batch_files import open_batch_run, write_batch
from data.proposals.recorded_replies import propose_from_replies
from data.proposals.runs import kept_run
from data.store.opening import Store
from data.store.tables import Frame, ModelRun, Proposal
from data.vlm.moment import STILL, Lookback
from data.vlm.request import STUDENT_SAMPLING, data_url
from data.vocabulary import ModelRole, SetAside
from tests.builders import a_raw_reply, a_store
from tests.data.proposals.requests import a_request
from tests.data.vlm.vllm_stand_in import StandIn, served

THREE = replace(STUDENT_SAMPLING, lookback=Lookback(3, 0.5))
WIDTH_PX = THREE.image_width_px
SCENE = "scene-0001"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two scenes of four frames, half a second apart."""
    return a_store(tmp_path, scenes={SCENE: 4, "scene-0002": 4}, teacher=None, student=None)


def frames_of(store: Store, scene: str = SCENE) -> list[Frame]:
    with store.read() as session:
        every = session.exec(select(Frame).order_by(col(Frame.position))).all()
    return [frame for frame in every if scene in frame.filename]


def rows(store: Store) -> dict[str, Proposal]:
    with store.read() as session:
        return {row.frame_id: row for row in session.exec(select(Proposal))}


def asked_of(stand_in: StandIn) -> dict[str, tuple[list[str], str]]:
    """By the address of the frame's own picture: all addresses and the text of what was sent."""
    found = {}
    for one in stand_in.asked:
        *pictures, text = one.body["messages"][1]["content"]
        urls = [picture["image_url"]["url"] for picture in pictures]
        found[urls[-1]] = (urls, text["text"])
    return found


def test_each_frame_is_sent_with_those_before_it_in_its_scene_and_the_message_says_when(
    store: Store, tmp_path: Path
) -> None:
    with served(StandIn()) as stand_in:
        done = propose_from_endpoint(store, a_request(stand_in.url, sampling=THREE))
    frames, sent = frames_of(store), asked_of(stand_in)
    urls = [
        data_url(model_picture_of(tmp_path / "dataroot" / one.filename, width_px=WIDTH_PX)) for one in frames
    ]
    assert (done.added, done.parsed) == (8, 8)
    assert [sent[url][0] for url in urls] == [urls[:1], urls[:2], urls[:3], urls[1:4]]
    assert "There is no picture from 1.0 s before or 0.5 s before." in sent[urls[0]][1]
    assert "There is no picture from 1.0 s before." in sent[urls[1]][1]
    assert "oldest first: 1.0 s before, 0.5 s before, and now." in sent[urls[3]][1]
    ids, kept = [one.id for one in frames], rows(store)
    assert [kept[one].earlier_frame_ids for one in ids] == [[], ids[:1], ids[:2], ids[1:3]]


def test_a_run_of_one_frame_and_one_of_three_are_two_and_each_is_resumed_by_itself(store: Store) -> None:
    with served(StandIn()) as stand_in:
        one = propose_from_endpoint(store, a_request(stand_in.url))
        three = propose_from_endpoint(store, a_request(stand_in.url, sampling=THREE))
        again = propose_from_endpoint(store, a_request(stand_in.url, sampling=THREE))
        wider = propose_from_endpoint(
            store, a_request(stand_in.url, sampling=replace(THREE, lookback=Lookback(3, 1.0)))
        )
    assert (one.added, three.added, again.added, wider.added) == (8, 8, 0, 8)
    with store.read() as session:
        runs = {run.name: run for run in session.exec(select(ModelRun))}
        alone = session.exec(select(Proposal.earlier_frame_ids).where(Proposal.run_id == runs[one.run].id))
        assert set(alone) == {None}
    assert len({run.question_hash for run in runs.values()}) == 3
    assert [runs[named.run].parameters.get("frames") for named in (one, three)] == [None, 3]
    assert runs[one.run].parameters == STUDENT_SAMPLING.as_dict()


def test_a_frame_that_is_set_aside_is_shown_before_none(store: Store) -> None:
    first, second, third, _ = frames_of(store)
    with store.write() as session:
        session.get_one(Frame, second.id).set_aside = SetAside.IMAGE_UNREADABLE
    run = endpoint_run(store, a_request("http://x/v1", sampling=THREE))
    due = {one.frame_id: one for one in due_frames(store, kept_run(store, run))}
    assert due[third.id].earlier_frame_ids == [first.id]
    assert [one.before_s for one in due[third.id].asked.earlier] == [1.0]


def test_the_request_is_another_one_where_an_earlier_picture_is(store: Store) -> None:
    run = endpoint_run(store, a_request("http://x/v1", sampling=THREE))
    before = {one.frame_id: one.request_hash for one in due_frames(store, run)}
    first, second, third, fourth = frames_of(store)
    with store.write() as session:
        session.get_one(Frame, first.id).image_sha256 = "0" * 64
    after = {one.frame_id: one.request_hash for one in due_frames(store, run)}
    assert [before[one.id] == after[one.id] for one in (first, second, third, fourth)] == [
        False,
        False,
        False,
        True,
    ]


def test_the_server_s_count_is_held_against_all_pictures_and_the_text_of_their_times(store: Store) -> None:
    with (
        served(StandIn(resizes=4)) as stand_in,
        pytest.raises(ProposalError, match=r"of text and \d+ of .*pixels"),
    ):
        propose_from_endpoint(store, a_request(stand_in.url, sampling=THREE))


def test_a_batch_file_holds_every_picture_of_a_question(store: Store, tmp_path: Path) -> None:
    request = a_request(sampling=THREE)
    write_batch(store, open_batch_run(store, request), tmp_path / "requests.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "requests.jsonl").read_text().splitlines()]
    pictures = [len(line["body"]["messages"][1]["content"]) - 1 for line in lines]
    assert sorted(pictures) == [1, 1, 2, 2, 3, 3, 3, 3]


def recorded(path: Path, frame: Frame, **said: Any) -> Path:
    line = {"filename": frame.filename, "role": "student", "model": "m", "raw": a_raw_reply(), **said}
    path.write_text(f"{json.dumps(line)}\n")
    return path


def test_recorded_replies_say_what_their_questions_showed_and_are_held_to_it(
    store: Store, tmp_path: Path
) -> None:
    third = frames_of(store)[2]
    asked = {"frames": 3, "spacing_s": 0.5}
    file = recorded(tmp_path / "three.jsonl", third, **asked, before_s=[1.0, 0.5])
    one = propose_from_replies(store, recorded(tmp_path / "one.jsonl", third), role=ModelRole.STUDENT)
    three = propose_from_replies(store, file, role=ModelRole.STUDENT)
    with store.read() as session:
        runs = {run.name: run.parameters for run in session.exec(select(ModelRun))}
    assert (runs[one.run], runs[three.run]) == ({}, asked)
    with pytest.raises(ProposalError, match=r"given to 3 frames 0\.5 s apart per question, not 1 frame"):
        propose_from_replies(store, file, role=ModelRole.STUDENT, lookback=STILL)
    other = recorded(tmp_path / "other.jsonl", third, **asked, before_s=[0.5])
    with pytest.raises(ProposalError, match=r"\[0.5\] seconds before, and the store has them \[1.0, 0.5\]"):
        propose_from_replies(store, other, role=ModelRole.STUDENT)
    other.write_text(file.read_text() + (tmp_path / "one.jsonl").read_text())
    with pytest.raises(
        ProposalError, match=r"of 1 frame and of 3 frames 0\.5 s apart; a run asks one question"
    ):
        propose_from_replies(store, other, role=ModelRole.STUDENT)
