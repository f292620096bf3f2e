"""What is served and what is trained on are the same tokens, through Qwen3-VL's own chat template."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from data.images.model_picture import model_picture_of
from data.snapshot.pairs import Message
from data.vlm.conversation import conversation
from data.vlm.reply import render_reply
from data.vlm.request import STUDENT_SAMPLING, data_url, one_call_body, text_body
from data.vocabulary import ReplyForm
from tests.training.builders import T, a_pair, an_assessment, write_snapshot
from training.models.folder import load_model
from training.pairs.collator import PackedPairCollator, WeightedPairCollator
from training.pairs.preference_dataset import load_pairs, preference_dataset
from training.pairs.processor import load_processor
from training.recipe import LossSettings

WIDTH_PX = 160
THOUGHT = "A lorry stands in the lane."


def qwen_processor(folder: Path) -> Any:
    """The stand-in's tokenizer behind the template that Qwen3-VL is published with."""
    processor = load_processor(folder)
    template = resources.files("trl").joinpath("chat_templates", "qwen3_vl.jinja").read_text(encoding="utf-8")
    processor.chat_template = processor.tokenizer.chat_template = template
    return processor


def served_ids(processor: Any, body: dict[str, Any]) -> list[int]:
    """The prompt's tokens as a server makes them of a request: pictures from their addresses, then its template."""
    address = body["messages"][1]["content"][0]["image_url"]["url"]
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    text = processor.apply_chat_template(body["messages"], tokenize=False, add_generation_prompt=True)
    inputs = processor(images=[[picture]], text=[text], return_tensors="pt")
    return list(inputs["input_ids"][0])


def a_batch(folder: Path, form: ReplyForm) -> tuple[list[dict[str, Any]], Path]:
    """One pair of that form as rows of the dataset, and the path of its picture."""
    thought = THOUGHT if form is ReplyForm.THOUGHT_FIRST else None
    chosen, rejected = (
        [Message(role="assistant", content=render_reply(an_assessment(reasoning=words), form, thought))]
        for words in ("The lane is blocked.", "All is clear.")
    )
    turns = [Message.model_validate(turn) for turn in conversation(form)]
    said = {"prompt": turns, "chosen": chosen, "rejected": rejected}
    pair = a_pair(folder, rejected=T).model_copy(update=said)
    write_snapshot(folder, pairs=[pair], reply_form=form.value)
    _, pairs = load_pairs(folder, LossSettings(beta=0.1, alpha_high=5.0, alpha_med=2.0))
    return list(preference_dataset(pairs)), pairs[0].images[0]


@pytest.mark.parametrize("form", list(ReplyForm))
def test_a_served_prompt_and_a_trained_one_are_the_same_tokens(
    form: ReplyForm, stand_in: Path, tmp_path: Path
) -> None:
    processor = qwen_processor(stand_in)
    rows, image = a_batch(tmp_path / "snapshot", form)
    picture = model_picture_of(image, width_px=WIDTH_PX)
    served = served_ids(
        processor, one_call_body(data_url(picture), "m", replace(STUDENT_SAMPLING, form=form))
    )
    two_rows = WeightedPairCollator(processor, width_px=WIDTH_PX)(rows)
    answer = int(two_rows["completion_mask"][0].argmax())
    trained = two_rows["input_ids"][0, :answer]
    trained = trained[two_rows["attention_mask"][0, :answer].bool()]
    assert trained.tolist() == [int(one) for one in served]
    rope_index = load_model(stand_in, dtype=torch.float32).model.get_rope_index
    packed = PackedPairCollator(processor, width_px=WIDTH_PX, rope_index=rope_index)(rows)
    assert packed["input_ids"][0, : len(served) - 1].tolist() == [int(one) for one in served[:-1]]


@pytest.mark.parametrize("form", list(ReplyForm))
def test_the_tokens_of_a_prompt_are_those_of_its_text_and_of_its_picture(
    form: ReplyForm, stand_in: Path, tmp_path: Path
) -> None:
    """What `propose` holds a server's count against."""
    processor = qwen_processor(stand_in)
    _, image = a_batch(tmp_path / "snapshot", form)
    picture = model_picture_of(image, width_px=WIDTH_PX)
    sampling = replace(STUDENT_SAMPLING, form=form)
    served = served_ids(processor, one_call_body(data_url(picture), "m", sampling))
    text = processor.apply_chat_template(
        text_body("m", sampling)["messages"], tokenize=False, add_generation_prompt=True
    )
    counted = len(processor.tokenizer(text)["input_ids"])
    assert len(served) == counted + picture.tokens + 2
