"""What is served and what is trained on are the same tokens, through the students' own chat templates."""

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
from data.vlm.moment import AskedFrame, Earlier, Lookback
from data.vlm.reply import render_reply
from data.vlm.request import (
    STUDENT_SAMPLING,
    answer_body,
    data_url,
    one_call_body,
    text_body,
    thought_body,
)
from data.vlm.shown import shown_frame
from data.vocabulary import ReplyForm
from tests.training.builders import (
    FORM,
    A,
    T,
    a_loss,
    a_pair,
    an_assessment,
    write_snapshot,
    write_snapshot_with_time,
)
from training.models.folder import load_model
from training.pairs.collator import PackedPairCollator, WeightedPairCollator
from training.pairs.preference_dataset import load_pairs, preference_dataset
from training.pairs.processor import load_processor
from training.pairs.questions import question_batch, shown_question

WIDTH_PX = 160
THOUGHT = "A lorry stands in the lane."
TEMPLATES = ["qwen3_vl", "qwen3_5_nothink", "qwen3_5_think"]
"""As TRL ships them: of Qwen3-VL, of Qwen3.5 up to 2B, and of those above, which think where nobody says otherwise."""
every_template = pytest.mark.parametrize("template", TEMPLATES)


def qwen_processor(folder: Path, template: str) -> Any:
    """The stand-in's tokenizer behind a published template."""
    processor = load_processor(folder)
    text = resources.files("trl").joinpath("chat_templates", f"{template}.jinja").read_text(encoding="utf-8")
    processor.chat_template = processor.tokenizer.chat_template = text
    return processor


def served_ids(processor: Any, body: dict[str, Any]) -> list[int]:
    """The prompt's tokens as a server makes them of a request: pictures from their addresses, then its template."""
    parts = body["messages"][1]["content"]
    addresses = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    pictures = [Image.open(io.BytesIO(base64.b64decode(one.partition(",")[2]))) for one in addresses]
    text = rendered(processor, body)
    inputs = processor(images=[pictures], text=[text], return_tensors="pt")
    return list(inputs["input_ids"][0])


def rendered(processor: Any, body: dict[str, Any]) -> str:
    """A request's messages as text, as a server renders them."""
    ends = {"add_generation_prompt": body.get("add_generation_prompt", True)}
    if "continue_final_message" in body:
        ends["continue_final_message"] = body["continue_final_message"]
    return str(
        processor.apply_chat_template(
            body["messages"], tokenize=False, **ends, **body["chat_template_kwargs"]
        )
    )


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
    _, pairs = load_pairs(folder, a_loss())
    return list(preference_dataset(pairs)), pairs[0].images[0]


@every_template
@pytest.mark.parametrize("form", list(ReplyForm))
def test_a_served_prompt_and_a_trained_one_are_the_same_tokens(
    form: ReplyForm, template: str, stand_in: Path, tmp_path: Path
) -> None:
    processor = qwen_processor(stand_in, template)
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


@every_template
def test_a_question_with_time_is_served_and_trained_as_the_same_tokens(
    template: str, stand_in: Path, tmp_path: Path
) -> None:
    processor, lookback = qwen_processor(stand_in, template), Lookback(3, 0.5)
    folder = write_snapshot_with_time(tmp_path / "snapshot", [(T, A)] * 3)
    snapshot, pairs = load_pairs(folder, a_loss())
    rows = list(preference_dataset(pairs))
    rope_index = load_model(stand_in, dtype=torch.float32).model.get_rope_index
    packed = PackedPairCollator(processor, width_px=WIDTH_PX, rope_index=rope_index)(rows)
    reader = question_batch(
        processor,
        [shown_question(folder, one, lookback, width_px=WIDTH_PX) for one in snapshot.pairs],
        FORM,
    )
    sampling = replace(STUDENT_SAMPLING, lookback=lookback, image_width_px=WIDTH_PX)
    for number, one in enumerate(pairs):
        *files, own = one.images
        before = zip(files, one.pair.earlier, strict=True)
        earlier = tuple(Earlier(file, picture.before_s) for file, picture in before)
        shown = shown_frame(AskedFrame("f", own, earlier), sampling)
        served = served_ids(processor, one_call_body(shown.url, "m", sampling, shown.earlier))
        assert packed["input_ids"][number, : len(served) - 1].tolist() == [int(each) for each in served[:-1]]
        assert reader["input_ids"][number][-len(served) :].tolist() == [int(each) for each in served]
        text = rendered(processor, text_body("m", sampling, shown.moment))
        assert len(served) == len(processor.tokenizer(text)["input_ids"]) + shown.tokens


@every_template
@pytest.mark.parametrize("form", list(ReplyForm))
def test_the_tokens_of_a_prompt_are_those_of_its_text_and_of_its_picture(
    form: ReplyForm, template: str, stand_in: Path, tmp_path: Path
) -> None:
    """What `propose` holds a server's count against."""
    processor = qwen_processor(stand_in, template)
    _, image = a_batch(tmp_path / "snapshot", form)
    picture = model_picture_of(image, width_px=WIDTH_PX)
    sampling = replace(STUDENT_SAMPLING, form=form)
    served = served_ids(processor, one_call_body(data_url(picture), "m", sampling))
    text = rendered(processor, text_body("m", sampling))
    counted = len(processor.tokenizer(text)["input_ids"])
    assert len(served) == counted + picture.tokens + 2


@every_template
def test_the_second_of_two_calls_goes_on_where_the_thought_ends(template: str, stand_in: Path) -> None:
    """A thought, written by the first call and sent back by the second, stands in the prompt once, closed."""
    processor = qwen_processor(stand_in, template)
    sampling = replace(STUDENT_SAMPLING, form=ReplyForm.THOUGHT_FIRST, calls=2)
    first = rendered(processor, thought_body("", "m", sampling))
    second = rendered(processor, answer_body("", "m", sampling, THOUGHT))
    opened = first if template == "qwen3_vl" else first.removesuffix("<think>\n")
    assert second.rstrip() == f"{opened}<think>\n{THOUGHT}\n</think>"
