"""Ray's HTTP processor for real, against the stand-in server. Its vLLM processor needs GPUs: `test_ray_rows` holds
what is sent to it and read from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from data.errors import ProposalError
from data.proposals.ray_proposals import propose_with_ray
from data.proposals.runs import Proposed
from data.store.opening import Store
from data.store.tables import Frame, Proposal
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import ReplyForm
from tests.builders import a_store
from tests.data.proposals.requests import a_request
from tests.data.vlm.vllm_stand_in import Asked, StandIn, served


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Ray on this machine, once for the module."""
    ray: Any = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100_000_000)
    yield
    ray.shutdown()


def asked(store: Store, *endpoints: str, **changes: Any) -> Proposed:
    workers = changes.pop("workers", 1)
    return propose_with_ray(store, a_request(*endpoints, **changes), workers=workers)


@pytest.mark.usefixtures("cluster")
def test_every_frame_is_answered_once_and_the_same_call_asks_only_what_is_missing(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 20, "scene-0002": 20}, teacher=None, student=None)
    with store.read() as session:
        refused = str(session.exec(select(Frame.filename).order_by(Frame.id)).first())
    times = {"asked": 0}

    def fails(one: Asked) -> int | None:
        """Every seventh request is too many at once; one frame's image is out of reach until it is put back."""
        times["asked"] += 1
        return 429 if times["asked"] % 7 == 0 else None

    image = tmp_path / "dataroot" / refused
    content = image.read_bytes()
    image.unlink()
    with served(StandIn(fails=fails)) as first, served(StandIn()) as second:
        done = asked(store, first.url, second.url)
        assert (done.added, done.parsed, done.unanswered) == (39, 39, 1)
        assert len(done.unreached) == 1
        image.write_bytes(content)
        again = asked(store, first.url, second.url)
        before = first.by_image.total() + second.by_image.total()
        third = asked(store, first.url, second.url)
    assert (again.added, again.parsed, again.unanswered) == (1, 40, 0)
    assert third.added == 0
    assert first.by_image.total() + second.by_image.total() == before
    with store.read() as session:
        rows = list(session.exec(select(Proposal)))
    assert len({row.frame_id for row in rows}) == len(rows) == 40
    assert all(sum(row.token_probabilities or []) == pytest.approx(1.0) for row in rows)


def test_several_calls_per_frame_and_several_samples_of_an_engine_are_refused(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=None, student=None)
    with pytest.raises(ProposalError, match="one call per frame"):
        asked(
            store,
            "http://127.0.0.1:9/v1",
            sampling=replace(STUDENT_SAMPLING, form=ReplyForm.THOUGHT_FIRST, calls=2),
        )
    with pytest.raises(ProposalError, match="one sample per frame, not 3"):
        asked(store, sampling=replace(STUDENT_SAMPLING, samples=3, temperature=0.5))
