"""The kept miniature behind its endpoint: it sees, and is asked as any model is."""

from __future__ import annotations

import base64
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.demo.miniature.frames import WIDTH_PX, draw_frames
from data.demo.miniature.roads import road
from data.errors import TrainingError
from data.images.model_picture import model_picture_of
from data.vlm.answer import read_samples
from data.vlm.conversation import conversation_hash
from data.vlm.level_probabilities import token_probabilities
from data.vlm.reply import parse_reply
from data.vlm.request import PICTURE_MARKS, STUDENT_SAMPLING, data_url, one_call_body, text_body
from data.vocabulary import ReplyForm, TriageLevel
from tests.training.builders import write_snapshot
from training.level_reading import LevelReader
from training.miniature.build import ALIGNED, KEPT
from training.miniature.shape import FORM
from training.models.folder import load_model
from training.pairs.collator import shown_picture
from training.pairs.processor import load_processor
from training.pairs.questions import ShownQuestion
from training.serving.app import load_served, serve

IN_THE_LANE = (1, 4, 11)
"""Held-out roads with a hazard in the middle of the lane."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_frames([road(number) for number in IN_THE_LANE], tmp_path_factory.mktemp("roads"))


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(load_served(KEPT).app()) as asked:
        yield asked


def a_body(picture: Path, **changed: Any) -> dict[str, Any]:
    sampling = replace(STUDENT_SAMPLING, image_width_px=WIDTH_PX, max_tokens=64)
    url = data_url(model_picture_of(picture, width_px=WIDTH_PX))
    return {**one_call_body(url, "miniature", sampling), **changed}


def test_it_names_what_it_sees_in_a_reply_that_parses(client: TestClient, pictures: list[Path]) -> None:
    seen = 0
    for number, picture in zip(IN_THE_LANE, pictures, strict=True):
        completion = client.post("/v1/chat/completions", json=a_body(picture)).json()
        (sample,) = read_samples(completion)
        said = parse_reply(sample.raw, finish_reason=sample.finish_reason)
        assert said.assessment is not None
        assert said.form is ReplyForm.LEVEL_FIRST
        seen += str(road(number).situation.hazard) in said.assessment.reasoning
    assert seen == len(IN_THE_LANE)


def test_its_level_token_says_what_is_read_without_a_reply(client: TestClient, pictures: list[Path]) -> None:
    completion = client.post("/v1/chat/completions", json=a_body(pictures[0])).json()
    written = token_probabilities(completion["choices"][0]["logprobs"]["content"])
    model, processor = load_model(KEPT, dtype="auto").float(), load_processor(KEPT)
    question = ShownQuestion([shown_picture({"path": str(pictures[0])}, WIDTH_PX)])
    (read,) = LevelReader(model, processor, FORM).read([question])
    assert written == pytest.approx(read, abs=1e-4)


def test_the_prompt_is_counted_as_the_client_counts_it(client: TestClient, pictures: list[Path]) -> None:
    usage = client.post("/v1/chat/completions", json=a_body(pictures[0])).json()["usage"]
    text = client.post("/tokenize", json=text_body("miniature", STUDENT_SAMPLING)).json()["count"]
    tokens = model_picture_of(pictures[0], width_px=WIDTH_PX).tokens
    assert usage["prompt_tokens"] == text + tokens + PICTURE_MARKS


def test_a_seed_repeats_a_sampled_reply_whoever_else_is_in_the_batch(
    client: TestClient, pictures: list[Path]
) -> None:
    body = a_body(pictures[0], temperature=2.0, seed=5)
    alone = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    three = client.post("/v1/chat/completions", json={**body, "n": 3}).json()["choices"]
    texts = [choice["message"]["content"] for choice in three]
    assert texts[0] == alone
    assert len(set(texts)) == 3


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"model": "qwen"}, 404, "serves miniature and no other"),
        ({"messages": [{"role": "user", "content": "Hello"}]}, 400, "one picture and the question"),
        ({"top_p": 0.9}, 400, "top_p"),
        ({"stream": True}, 400, "stream"),
        ({"max_tokens": 0}, 400, "max_tokens"),
    ],
)
def test_what_it_does_not_do_it_says(
    client: TestClient, pictures: list[Path], changed: dict[str, Any], status: int, words: str
) -> None:
    refused = client.post("/v1/chat/completions", json=a_body(pictures[0], **changed))
    assert refused.status_code == status
    assert words in refused.json()["error"]["message"]


def test_another_question_and_a_broken_picture_are_refused(client: TestClient, pictures: list[Path]) -> None:
    other = one_call_body("x", "miniature", replace(STUDENT_SAMPLING, form=ReplyForm.WORDS_FIRST))
    other["messages"][-1]["content"][0]["image_url"]["url"] = data_url(
        model_picture_of(pictures[0], width_px=WIDTH_PX)
    )
    assert "this is another" in client.post("/v1/chat/completions", json=other).json()["error"]["message"]
    body = a_body(pictures[0])
    body["messages"][-1]["content"][0]["image_url"]["url"] = (
        f"data:image/jpeg;base64,{base64.b64encode(b'x').decode()}"
    )
    refused = client.post("/v1/chat/completions", json=body)
    assert refused.status_code == 400
    assert "cannot be read" in refused.json()["error"]["message"]
    assert client.post("/v1/chat/completions", content=b"{").status_code == 400


def test_only_a_miniature_is_served(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="only a miniature is served here"):
        load_served(write_snapshot(tmp_path / "snapshot"))


def test_a_taken_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            TrainingError, match=f"127.0.0.1:{port} cannot be listened on: .*Choose another --port"
        ):
            serve(KEPT, host="127.0.0.1", port=port)


def test_the_kept_adapter_escalates_where_the_student_does_not(
    client: TestClient, pictures: list[Path]
) -> None:
    with TestClient(load_served(KEPT, ALIGNED).app()) as aligned:
        said = [
            [one.post("/v1/chat/completions", json=a_body(picture)).json() for picture in pictures]
            for one in (client, aligned)
        ]
    levels = [[read_samples(completion)[0].level for completion in some] for some in said]
    student, after = levels
    assert student == [TriageLevel.AUTONOMY] * 3
    assert after == [
        TriageLevel.SUPERVISION,
        TriageLevel.TELEOPERATION,
        TriageLevel.TELEOPERATION,
    ]  # rain hides one


def test_the_kept_miniature_knows_the_question_that_is_asked_today() -> None:
    marker = (KEPT / "stand_in.json").read_text()
    assert conversation_hash(FORM) in marker, "the question has changed: teletriage stand-in teach"


def test_ctrl_c_ends_it_as_stopped_also_where_a_script_had_it_ignore_that(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for `teletriage stand-in serve &`
    ends = threading.Thread(target=_interrupt_once_it_answers, args=(("127.0.0.1", port),))
    ends.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            serve(KEPT, host="127.0.0.1", port=port)
    finally:
        ends.join()
        signal.signal(signal.SIGINT, before)
    assert f"at http://127.0.0.1:{port}/v1" in capsys.readouterr().err


def _interrupt_once_it_answers(address: tuple[str, int]) -> None:
    for _ in range(600):
        try:
            asked = HTTPConnection(*address, timeout=60)
            asked.request("GET", "/health")
            asked.getresponse()
            break
        except OSError:
            time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)
