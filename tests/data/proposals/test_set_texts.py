from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from data.errors import ProposalError, SourceError
from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.proposals.recorded_replies import propose_from_replies
from data.proposals.runs import Proposed, latest_run
from data.proposals.set_texts import propose_from_texts
from data.sources.folder import PictureFolder
from data.sources.physical_ai.drives import PhysicalAI
from data.sources.texts.kinds import texts_in
from data.sources.texts.said import Moment, Said
from data.store.opening import Store
from data.store.tables import Frame, Proposal
from data.vocabulary import Failure, ModelRole
from tests.builders import a_filename, a_picture, a_raw_reply, a_store, an_empty_store
from tests.data.sources.test_physical_ai import a_download, write_reasoning
from tests.repository import REAL_NUSCENES, needs_real_frames

CAMERA_PATH = "../nuscenes/" + a_filename("scene-0001", 0)


def a_drivelm_frame(**changes: Any) -> dict[str, Any]:
    answers = {
        "perception": [{"Q": "What is ahead?", "A": "Two cones.", "C": None}],
        "planning": [{"Q": "What could the ego vehicle do?", "A": "Slow down."}],
    }
    return {"key_object_infos": {}, "QA": answers, "image_paths": {"CAM_FRONT": CAMERA_PATH}} | changes


def drivelm(path: Path, *frames: dict[str, Any]) -> Path:
    scene = {
        "scene_description": "It turns left.",
        "key_frames": {f"t{at}": one for at, one in enumerate(frames)},
    }
    path.write_text(json.dumps({"scene-token": scene}))
    return path


def coda(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def a_line(image: str = "val/images/0001.jpg", **changes: Any) -> dict[str, Any]:
    return {"question_id": 0, "image": image, "question": "What is it?", "answer": "A cone."} | changes


def take(store: Store, file: Path, **given: Any) -> Proposed:
    texts = texts_in(file)
    assert texts is not None
    return propose_from_texts(store, texts, **{"role": ModelRole.TEACHER, **given})


def kept(store: Store) -> list[Proposal]:
    with store.read() as session:
        return list(session.exec(select(Proposal).where(Proposal.failure == Failure.NO_LEVEL)))


def said(file: Path) -> list[Said]:
    texts = texts_in(file)
    assert texts is not None
    return list(texts.said)


def test_drivelms_answers_on_one_frame_become_its_words_and_no_level_is_made_up(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    elsewhere = a_drivelm_frame(image_paths={"CAM_FRONT": "../nuscenes/samples/CAM_FRONT/unknown.jpg"})
    done = take(store, drivelm(tmp_path / "d.json", a_drivelm_frame(), elsewhere))
    assert (done.run, done.added, done.texts, done.unknown, done.parsed) == ("DriveLM", 1, 3, 3, 0)
    assert done.failures == {"no_level": 1}
    (proposal,) = kept(store)
    words = "It turns left.\n\nWhat is ahead?\nTwo cones.\n\nWhat could the ego vehicle do?\nSlow down."
    assert (proposal.raw, proposal.chain_of_thought) == (words, words)
    assert (proposal.level, proposal.reasoning, proposal.failure) == (None, None, Failure.NO_LEVEL)
    assert proposal.failure_detail == "DriveLM says something of the picture and names no level."


def test_texts_taken_again_add_nothing_and_others_on_the_same_frame_are_counted(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    file = drivelm(tmp_path / "d.json", a_drivelm_frame())
    take(store, file)
    again = take(store, file)
    assert (again.added, again.texts, again.passed_over) == (0, 0, 3)
    assert take(store, file, model="second reading").added == 1


def test_a_run_of_texts_never_takes_the_place_of_a_teacher_that_names_levels(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    replies = tmp_path / "replies.jsonl"
    line = {
        "filename": a_filename("scene-0001", 0),
        "role": "teacher",
        "model": "asked",
        "raw": a_raw_reply(),
    }
    replies.write_text(json.dumps(line))
    assert texts_in(replies) is None
    propose_from_replies(store, replies, role=ModelRole.TEACHER)
    take(store, drivelm(tmp_path / "d.json", a_drivelm_frame()))
    with store.read() as session:
        shown = latest_run(session, ModelRole.TEACHER)
    assert shown is not None
    assert shown.name == "asked"
    with pytest.raises(
        ProposalError, match=r"names no levels, which a student needs: take it with --role teacher\."
    ):
        take(store, tmp_path / "d.json", role=ModelRole.STUDENT)


def a_coda_store(tmp_path: Path) -> Store:
    store = an_empty_store(tmp_path / "w")
    for part in ("val", "test"):
        images = tmp_path / "coda" / part / "images"
        images.mkdir(parents=True)
        for number in range(1, 5):
            (images / f"000{number}.jpg").write_bytes(a_picture(colour=(number * 50, len(part) * 40, 90)))
    ingest(store, PictureFolder(tmp_path / "coda"))
    return store


def test_coda_lms_lines_find_the_one_picture_whose_path_ends_as_they_name_it(tmp_path: Path) -> None:
    store = a_coda_store(tmp_path)
    sample_frames(store, train=4, held_out=4)
    lines = [
        a_line(),
        a_line("val/images_w_boxes/0001_object_2.jpg", answer="A fallen cone."),
        a_line("test/images/0002.jpg"),
        a_line("train/images/0003.jpg"),
        a_line("images/0004.jpg", answer="It could be either."),
    ]
    done = take(store, coda(tmp_path / "c.jsonl", *lines))
    assert (done.run, done.added, done.texts, done.unknown) == ("CODA-LM", 2, 3, 2)
    with store.read() as session:
        query = select(Frame.filename, Proposal.raw).join(Proposal, col(Proposal.frame_id) == Frame.id)
        found: dict[str, str] = dict(session.exec(query).all())
    assert found == {
        "val/images/0001.jpg": "What is it?\nA cone.\n\nWhat is it?\nA fallen cone.",
        "test/images/0002.jpg": "What is it?\nA cone.",
    }


def test_chains_of_causation_find_the_frame_of_their_moment(tmp_path: Path) -> None:
    store, root = an_empty_store(tmp_path / "w"), tmp_path / "set"
    root.mkdir()
    ingest(store, PhysicalAI(a_download(root)), pictures=tmp_path / "pictures")
    sample_frames(store, train=4, held_out=3)
    events = [{"event_start_timestamp": at, "coc": f"At {at}."} for at in (210_000, 240_000, 1_900_000)]
    done = take(store, write_reasoning(root, [("clip-a", events), ("clip-z", events[:1])]))
    assert (done.run, done.added, done.texts, done.unknown) == ("PhysicalAI-AV", 1, 2, 2)
    assert kept(store)[0].raw == "At 210000.\n\nAt 240000."


def test_where_nothing_was_sampled_texts_find_no_frame(tmp_path: Path) -> None:
    with pytest.raises(ProposalError, match="No frame has been sampled yet"):
        take(a_coda_store(tmp_path), coda(tmp_path / "c.jsonl", a_line()))


FRONT = "names no picture of CAM_FRONT below samples/, but"
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"QA": None}, "frame 't0', QA is None, which is no object"),
    ({"QA": {"planning": 7}}, "frame 't0', 'planning' is 7, which is no list"),
    (
        {"QA": {"planning": [{"Q": "What?", "A": ""}]}},
        "'planning' 1 has the question 'What?' and the answer ''",
    ),
    ({"QA": {"planning": ["words"]}}, "'planning' 1 is 'words', which is no object"),
    ({"image_paths": {"CAM_BACK": "samples/CAM_BACK/a.jpg"}}, f"{FRONT} None"),
    ({"image_paths": {"CAM_FRONT": "/etc/passwd"}}, f"{FRONT} '/etc/passwd'"),
]


@pytest.mark.parametrize(("changes", "reason"), BROKEN)
def test_frames_of_drivelm_that_cannot_be_read_are_refused_by_their_place(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SourceError, match=r"d\.json, scene 'scene-token'") as refused:
        said(drivelm(tmp_path / "d.json", a_drivelm_frame(**changes)))
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", r"line 2, is no JSON: '\{'"),
        ([], r"line 2, is \[\], which is no object"),
        (a_line(answer=None), "line 2, has the answer None"),
        (a_line(image=" "), "line 2, has the image ' '"),
        (a_line(question=5), "line 2, has the question 5"),
    ],
)
def test_lines_of_coda_lm_that_cannot_be_read_are_refused_by_their_number_and_value(
    tmp_path: Path, line: object, reason: str
) -> None:
    with pytest.raises(SourceError, match=reason):
        said(coda(tmp_path / "c.jsonl", a_line(), line))


def test_files_that_are_cut_are_refused_and_an_empty_one_is_taken_for_no_texts(tmp_path: Path) -> None:
    whole = drivelm(tmp_path / "d.json", a_drivelm_frame()).read_text()
    (tmp_path / "cut.json").write_text(whole[:-5])
    with pytest.raises(SourceError, match=r"cut\.json cannot be read as JSON"):
        said(tmp_path / "cut.json")
    reasoning = write_reasoning(tmp_path, [("clip", [{"event_start_timestamp": -5, "coc": "x"}])])
    with pytest.raises(SourceError, match="row 1: the event"):
        said(reasoning)
    reasoning.write_bytes(b"PAR1")
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        said(reasoning)
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert texts_in(tmp_path / "empty.jsonl") is None


@needs_real_frames
def test_real_text_of_drivelm_finds_the_real_frames(tmp_path: Path) -> None:
    found = said(REAL_NUSCENES / "drivelm_train_sample.json")
    pictures = {one.about for one in found}
    assert len(pictures) == 9
    assert all((REAL_NUSCENES / str(one)).is_file() for one in pictures)
    assert not any(isinstance(one, Moment) for one in pictures)
