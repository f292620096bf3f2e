"""What is asked, trained and served, through a real vLLM. Runs where TELETRIAGE_REAL_ENGINE names an environment
that has it (`make test-vllm`).

The model has random weights and never ends a string by itself: replies are cut at max_tokens, behind their level.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlmodel import select
from transformers import AutoTokenizer
from typer.testing import CliRunner

from annotator.__main__ import app
from data.images.model_picture import model_picture_of
from data.proposals.asking import RunRequest, propose_from_endpoint
from data.proposals.runs import Proposed
from data.store.opening import Store
from data.store.tables import ModelRun, Proposal
from data.vlm.answer import Sample, read_samples
from data.vlm.client import Asking, Endpoints
from data.vlm.reply import parse_reply
from data.vlm.request import (
    STUDENT_SAMPLING,
    TEACHER_SAMPLING,
    SamplingParameters,
    answer_body,
    data_url,
    one_call_body,
    thought_text,
)
from data.vocabulary import ModelRole
from eval.throughput.figures import ALLOWED_CACHED
from eval.throughput.stored_images import stored_images
from tests.builders import a_picture, a_store
from tests.real_engine.conftest import BASE, WIDTH_PX, Engine
from tests.training.builders import write_snapshot
from training.pairs.collator import WeightedPairCollator
from training.pairs.preference_dataset import load_pairs, preference_dataset
from training.pairs.processor import load_processor
from training.recipe import find_recipe, load_recipe

pytestmark = pytest.mark.skipif(
    not os.environ.get("TELETRIAGE_REAL_ENGINE"), reason="make test-vllm runs this"
)

STUDENT = replace(STUDENT_SAMPLING, temperature=1.0, max_tokens=64, image_width_px=WIDTH_PX)
TEACHER = replace(TEACHER_SAMPLING, temperature=1.0, max_tokens=64, image_width_px=WIDTH_PX)


def a_store_of(folder: Path, frames: int) -> Store:
    scenes = {"scene-0001": frames // 2, "scene-0002": frames - frames // 2}
    return a_store(folder, scenes=scenes, teacher=None, student=None)


def asked(store: Store, url: str, role: ModelRole, sampling: SamplingParameters) -> Proposed:
    begun = time.monotonic()
    done = propose_from_endpoint(store, RunRequest(role, Asking((url,), BASE, sampling, concurrency=8)))
    print(f"{done} in {time.monotonic() - begun:.0f} s")
    return done


def proposals(store: Store) -> list[Proposal]:
    with store.read() as session:
        return list(session.exec(select(Proposal)))


def posted(engine: Engine, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    """The engine's answers to chat completion requests, sent at once."""

    async def answers() -> list[dict[str, Any]]:
        async with Endpoints(Asking((engine.url,), BASE, STUDENT)) as endpoints:
            return list(await asyncio.gather(*(endpoints.post(body) for body in bodies)))

    return asyncio.run(answers())


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A frame's picture as it is sent."""
    image = tmp_path / "frame.jpg"
    image.write_bytes(a_picture(size=(320, 180)))
    return data_url(model_picture_of(image, width_px=WIDTH_PX))


def test_fifty_frames_have_the_tokens_that_were_computed_and_level_probabilities(
    engine: Engine, tmp_path: Path
) -> None:
    store = a_store_of(tmp_path, 50)
    done = asked(store, engine.url, ModelRole.STUDENT, STUDENT)  # stops where other prompt tokens are counted
    rows = proposals(store)
    assert (done.frames, done.added, done.unanswered) == (50, 50, 0)
    assert set(done.failures) <= {"truncated"}, done.failures
    assert all(row.raw.startswith('{"level":"') for row in rows)
    sums = [sum(row.token_probabilities or []) for row in rows]
    assert all(abs(total - 1.0) < 1e-6 for total in sums)
    assert all(min(row.token_probabilities or [0.0]) > 0 for row in rows)


def test_a_served_prompt_has_as_many_tokens_as_a_trained_one(engine: Engine, tmp_path: Path) -> None:
    write_snapshot(tmp_path / "snapshot")
    _, pairs = load_pairs(tmp_path / "snapshot", load_recipe(find_recipe("stand_in")).recipe.loss)
    collator = WeightedPairCollator(load_processor(engine.checkpoint), width_px=WIDTH_PX)
    batch = collator(list(preference_dataset(pairs[:1])))
    trained = int(batch["completion_mask"][0].argmax()) - int((batch["attention_mask"][0] == 0).sum())
    picture = model_picture_of(pairs[0].images[0], width_px=WIDTH_PX)
    (answer,) = posted(engine, one_call_body(data_url(picture), BASE, STUDENT))
    print(f"prompt: {answer['usage']['prompt_tokens']} tokens served, {trained} trained")
    assert answer["usage"]["prompt_tokens"] == trained


def test_a_quoted_sign_text_comes_through_the_grammar(engine: Engine, address: str) -> None:
    """A random model would hardly quote, so quotation marks and their escapes are made likely."""
    vocabulary = AutoTokenizer.from_pretrained(engine.checkpoint).get_vocab()
    likely = {str(vocabulary["\\"]): 6.0, str(vocabulary['"']): 5.0}
    body = one_call_body(address, BASE, replace(STUDENT, max_tokens=400)) | {"logit_bias": likely}
    answers = posted(engine, *({**body, "seed": seed} for seed in range(16)))
    samples = [sample for answer in answers for sample in read_samples(answer)]
    whole = [reply for sample in samples if (reply := parse_reply(sample.raw).assessment) is not None]
    quoted = [one for one in whole if '"' in one.reasoning + one.action]
    print(f"{len(whole)} of {len(samples)} replies end, {len(quoted)} quote: {quoted[:1]}")
    assert quoted


def test_base_adapter_and_checkpoint_answer_from_one_server(engine: Engine, address: str) -> None:
    """Each by its name, with probabilities of its own that a second request repeats."""
    greedy = replace(STUDENT, temperature=0.0, max_tokens=16)
    names = [BASE, *engine.adapters]
    bodies = [one_call_body(address, name, greedy) for name in names]
    first, second = posted(engine, *bodies), posted(engine, *bodies)
    levels = [[_probabilities(answer) for answer in answers] for answers in (first, second)]
    print(dict(zip(names, levels[0], strict=True)))
    assert len({tuple(round(value, 3) for value in one) for one in levels[0]}) == 3
    assert levels[0] == [pytest.approx(one, abs=0.02) for one in levels[1]]  # bfloat16, other neighbours


def _probabilities(answer: dict[str, Any]) -> list[float]:
    (sample,) = read_samples(answer)
    assert sample.probabilities is not None
    assert sum(sample.probabilities) == pytest.approx(1.0)
    return sample.probabilities


def test_a_checkpoint_is_proposed_with_by_its_own_record(engine: Engine, tmp_path: Path) -> None:
    store = a_store_of(tmp_path, 4)
    early = next(path for path in engine.adapters.values() if path.name == "checkpoint-5")
    options = ["--role", "aligned", "--weights", str(early), "--endpoint", engine.url, "--max-tokens", "32"]
    words = ["--workspace", str(tmp_path / "workspace"), "propose", *options, "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["added"] == 4
    with store.read() as session:
        (run,) = session.exec(select(ModelRun))
    assert run.model.startswith("checkpoint-5-")
    assert run.lineage is not None
    assert run.lineage["step"] == 5
    assert run.parameters["image_width_px"] == WIDTH_PX


def test_throughput_finds_no_more_in_the_cache_than_the_text_before_a_picture(
    engine: Engine, tmp_path: Path
) -> None:
    store = a_store_of(tmp_path, 8)
    for seed, path in enumerate(
        stored_images(store)
    ):  # flat pictures have no frequencies to be told apart by
        noise = np.random.default_rng(seed).integers(0, 256, (180, 320, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path, "JPEG")
    options = [
        "--endpoint",
        engine.url,
        "--model",
        BASE,
        "--feeds",
        "1",
        "--frame-rate",
        "1",
        "--seconds",
        "8",
    ]
    words = ["--workspace", str(tmp_path / "workspace"), "throughput", *options, "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    (load,) = json.loads(result.stdout)["loads"]
    print(f"throughput: {load['cached_share']} of the prompts' tokens came from the cache")
    assert 0 <= load["cached_share"] <= ALLOWED_CACHED


def test_thoughts_without_an_end_are_kept_as_cut_replies(engine: Engine, tmp_path: Path) -> None:
    """A model with random weights never closes its thought, so that the second call is not made."""
    store = a_store_of(tmp_path, 4)
    done = asked(store, engine.url, ModelRole.TEACHER, TEACHER)
    rows = proposals(store)
    assert (done.added, done.failures) == (4, {"truncated": 4})
    assert all(row.raw.startswith("<think>\n") for row in rows)


def test_the_second_call_holds_its_reply_to_the_schema_behind_a_thought(engine: Engine, address: str) -> None:
    thought = "Cones narrow the lane."
    body = answer_body(address, BASE, TEACHER, thought)
    answers = posted(engine, *({**body, "seed": seed} for seed in range(4)))
    samples: list[Sample] = [
        sample for answer in answers for sample in read_samples(answer, before=thought_text(thought))
    ]
    assert len(samples) == 4
    assert all(sample.raw.startswith(thought_text(thought) + '{"level":"') for sample in samples)
    assert all(parse_reply(sample.raw).chain_of_thought == thought for sample in samples)
    assert all(abs(sum(sample.probabilities or []) - 1.0) < 1e-6 for sample in samples)
