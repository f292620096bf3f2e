"""`teletriage propose` against kill -9, and with thousands of frames."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

from sqlmodel import col, func, select

from data.proposals.asking import propose_from_endpoint
from data.store.opening import Store, open_store
from data.store.tables import Dataset, Frame, ModelRun, Proposal, SampledFrame, Sampling, Scene
from data.vocabulary import Split
from tests import forked
from tests.builders import a_picture, a_store, a_token
from tests.data.proposals.requests import a_request
from tests.data.vlm.vllm_stand_in import StandIn, served

CONCURRENCY, MANY = 8, 1_000


def propose(workspace: Path, url: str) -> forked.Forked:
    words = ["--workspace", str(workspace), "propose", "--role", "student", "--model", "tiny-vl"]
    options = ["--endpoint", url, "--concurrency", str(CONCURRENCY)]
    with Path(os.devnull).open("w") as nowhere, (workspace / "told").open("w") as told:
        return forked.start("annotator", [*words, *options], stdout=nowhere, stderr=told)


def counts(store: Store) -> tuple[int, int]:
    """(proposals, frames that have one)."""
    with store.read() as session:
        frame_ids = list(session.exec(select(Proposal.frame_id)))
    return len(frame_ids), len(set(frame_ids))


def killed_at(process: forked.Forked, stand_in: StandIn, requests: int) -> None:
    deadline = time.monotonic() + 60
    while stand_in.by_image.total() < requests:
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_kill_9_loses_no_answer_that_was_kept_and_asks_no_kept_frame_again(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 60, "scene-0002": 60}, teacher=None, student=None)
    kept_before = 0
    with served(StandIn(delay_s=0.03, keeps_bodies=False)) as stand_in:
        for requests in (1, 30, 90):
            killed_at(propose(tmp_path / "workspace", stand_in.url), stand_in, requests)
            proposals, frames = counts(store)
            assert proposals == frames
            assert proposals >= kept_before
            kept_before = proposals
        finished = propose(tmp_path / "workspace", stand_in.url)
        assert finished.wait(120) == 0, (tmp_path / "workspace" / "told").read_text()
    assert counts(store) == (120, 120)
    # Only what was under way or not yet durable at a kill is asked for twice: a group in writing, one in flight.
    repeated = sum(times - 1 for times in stand_in.by_image.values())
    assert repeated <= 3 * 3 * CONCURRENCY
    assert len(stand_in.by_image) == 120


def a_large_store(folder: Path, frames: int) -> Store:
    """So many sampled frames of a few hundred bytes each, written without an ingest."""
    images = folder / "samples"
    images.mkdir(parents=True)
    store = open_store(folder / "workspace", create=True)
    with store.write() as session:
        session.add(Dataset(id=1, name="v1.0-test", dataroot=str(folder), ingested_at_us=0))
        session.add(Sampling(id=1, seed=0, parameters={}, sampled_at_us=0))
        session.flush()
        session.add(Scene(id="s", dataset_id=1, name="s", description="", log_name="", location=""))
        session.flush()
        content = a_picture(size=(32, 32))  # as a model is shown it already: the bytes behind it stay
        for number in range(frames):
            name, token = f"samples/{number}.jpg", a_token(str(number))
            (folder / name).write_bytes(content + number.to_bytes(4, "big"))
            session.add(Frame(id=token, scene_id="s", position=number, captured_at_us=number, filename=name))
        session.flush()
        session.add_all(
            SampledFrame(
                frame_id=a_token(str(n)), sampling_id=1, split=Split.TRAIN, inclusion_probability=1.0
            )
            for n in range(frames)
        )
    return store


def test_a_thousand_frames_lose_and_double_nothing(tmp_path: Path) -> None:
    store = a_large_store(tmp_path, MANY)
    # One request in fifty fails once with a 503, one in a hundred is answered with nothing of use.
    number: Counter[str] = Counter()

    def fails(asked: object) -> int | None:
        number["requests"] += 1
        return 503 if number["requests"] % 50 == 0 else None

    with (
        served(StandIn(fails=fails, keeps_bodies=False)) as first,
        served(StandIn(keeps_bodies=False)) as second,
    ):
        done = propose_from_endpoint(store, a_request(first.url, second.url))
    answered = first.by_image + second.by_image
    assert (done.added, done.parsed, done.failed, done.unanswered) == (MANY, MANY, 0, 0)
    assert counts(store) == (MANY, MANY)
    assert len(answered) == MANY
    assert answered.total() == MANY + number["requests"] // 50
    with store.read() as session:
        hashes = session.exec(select(func.count(func.distinct(col(Proposal.frame_id))))).one()
        runs = session.exec(select(func.count(col(ModelRun.id)))).one()
    assert (hashes, runs) == (MANY, 1)
