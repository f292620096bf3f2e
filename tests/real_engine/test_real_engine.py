"""50 frames through `propose_from_endpoint` and a real vLLM. Runs where TELETRIAGE_REAL_ENGINE names an environment
that has it (`make test-vllm`)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest
from sqlmodel import select

from data.images.model_picture import model_picture_of
from data.proposals.asking import RunRequest, propose_from_endpoint
from data.proposals.runs import Proposed
from data.store.opening import Store
from data.store.tables import Proposal
from data.vlm.answer import Sample, read_samples
from data.vlm.client import Asking, Endpoints
from data.vlm.reply import parse_reply
from data.vlm.request import (
    STUDENT_SAMPLING,
    TEACHER_SAMPLING,
    SamplingParameters,
    answer_body,
    data_url,
    thought_text,
)
from data.vocabulary import ModelRole
from tests.builders import a_picture, a_store

ENVIRONMENT = os.environ.get("TELETRIAGE_REAL_ENGINE", "")
HERE = Path(__file__).parent
START_S = 600
pytestmark = pytest.mark.skipif(not ENVIRONMENT, reason="make test-vllm runs this")

# A random model writes until a schema's bounds stop it, so replies need room; at temperature 0 it repeats itself.
STUDENT = replace(STUDENT_SAMPLING, temperature=1.0, max_tokens=900)
TEACHER = replace(TEACHER_SAMPLING, temperature=1.0, max_tokens=400)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served tiny model."""
    given = os.environ.get("TELETRIAGE_REAL_ENGINE_URL")
    if given:
        yield given
        return
    checkpoint = tmp_path_factory.mktemp("engine") / "tiny"
    python = f"{ENVIRONMENT}/bin/python"
    subprocess.run([python, str(HERE / "tiny_checkpoint.py"), str(checkpoint)], check=True, env=_bare())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (checkpoint.parent / "server.log").open("w")
    command = [str(HERE / "serve.sh"), ENVIRONMENT, str(checkpoint), str(port)]
    server = subprocess.Popen(command, stdout=log, stderr=log, env=_bare(), start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server, Path(log.name))
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)
        log.close()


def _bare() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "OMP_NUM_THREADS")
    }


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
            return
        except (URLError, OSError):
            time.sleep(1)
    raise AssertionError(f"vLLM did not start within {START_S} s: {log.read_text()[-3000:]}")


def a_store_of(folder: Path, frames: int) -> Store:
    scenes = {"scene-0001": frames // 2, "scene-0002": frames - frames // 2}
    return a_store(folder, scenes=scenes, teacher=None, student=None)


def asked(store: Store, url: str, role: ModelRole, sampling: SamplingParameters) -> Proposed:
    begun = time.monotonic()
    done = propose_from_endpoint(store, RunRequest(role, Asking((url,), "tiny-vl", sampling, concurrency=8)))
    print(f"{done} in {time.monotonic() - begun:.0f} s")
    return done


def proposals(store: Store) -> list[Proposal]:
    with store.read() as session:
        return list(session.exec(select(Proposal)))


def test_fifty_frames_are_answered_within_the_schema_with_level_probabilities(
    engine: str, tmp_path: Path
) -> None:
    store = a_store_of(tmp_path, 50)
    done = asked(store, engine, ModelRole.STUDENT, STUDENT)
    rows = proposals(store)
    assert (done.frames, done.added, done.unanswered) == (50, 50, 0)
    assert done.parsed == 50, done.failures
    sums = [sum(row.token_probabilities or []) for row in rows]
    assert all(abs(total - 1.0) < 1e-6 for total in sums)
    assert all(row.votes and sum(row.votes) == 1 for row in rows)


def test_thoughts_without_an_end_are_kept_as_cut_replies(engine: str, tmp_path: Path) -> None:
    """A model with random weights never closes its thought, so that the second call is not made."""
    store = a_store_of(tmp_path, 4)
    done = asked(store, engine, ModelRole.TEACHER, TEACHER)
    rows = proposals(store)
    assert (done.added, done.failures) == (4, {"truncated": 4})
    assert all(row.raw.startswith("<think>\n") for row in rows)


def test_the_second_call_holds_its_reply_to_the_schema_behind_a_thought(engine: str, tmp_path: Path) -> None:
    image = tmp_path / "frame.jpg"
    image.write_bytes(a_picture(size=(320, 180)))
    url, thought = data_url(model_picture_of(image, width_px=320)), "Cones narrow the lane."
    body = answer_body(url, "tiny-vl", replace(TEACHER, max_tokens=900), thought)

    async def answers() -> list[Sample]:
        asking = Asking((engine,), "tiny-vl", TEACHER)
        async with Endpoints(asking) as endpoints:
            found = await asyncio.gather(*(endpoints.post({**body, "seed": seed}) for seed in range(4)))
        return [sample for one in found for sample in read_samples(one, before=thought_text(thought))]

    samples = asyncio.run(answers())
    print([sample.level and sample.level.value for sample in samples])
    assert len(samples) == 4
    assert all(sample.level is not None for sample in samples)
    assert all(parse_reply(sample.raw).chain_of_thought == thought for sample in samples)
    assert all(abs(sum(sample.probabilities or []) - 1.0) < 1e-6 for sample in samples)
