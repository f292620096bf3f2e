"""A run that was asked at a stand-in, and probes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel, col, select

from data.moments.files import MomentFiles
from data.probes.arms import arms_named
from data.probes.probing import Probed, ProbeRequest, probe_run
from data.proposals.asking import propose_from_endpoint
from data.store.opening import Store
from data.store.sealing import raw_rows
from data.store.tables import Frame, ProbeAnswer, ProbeArm, SampledFrame
from data.vocabulary import Split
from tests.builders import a_store
from tests.data.proposals.requests import a_request
from tests.data.vlm.vllm_stand_in import StandIn

SCENES = {f"scene-{number:04d}": 2 for number in range(1, 7)}
RUN = "tiny-vl"


def an_asked_store(folder: Path, stand_in: StandIn, scenes: Mapping[str, int] = SCENES) -> Store:
    """A store whose sampled frames a student at the stand-in has answered."""
    store = a_store(folder, scenes=scenes, student=None)
    propose_from_endpoint(store, a_request(stand_in.url))
    return store


def probed(folder: Path, store: Store, stand_in: StandIn, *arms: str, **changes: Any) -> Probed:
    given: dict[str, Any] = {"run": RUN, "occlude": 0, "first_pause_s": 0.01, **changes}
    request = ProbeRequest(endpoints=(stand_in.url,), arms=tuple(arms_named(arms)), **given)
    return probe_run(store, request, MomentFiles(folder / "workspace", wait_s=60))


def answers(store: Store, arm: str) -> dict[str, ProbeAnswer]:
    """An arm's answers by frame; of an occlusion those to the whole pictures."""
    query = select(ProbeAnswer).join(ProbeArm, col(ProbeArm.id) == ProbeAnswer.arm_id)
    with store.read() as session:
        found = session.exec(query.where(ProbeArm.name == arm, ProbeAnswer.place == 0)).all()
    return {one.frame_id: one for one in found}


def held_out(store: Store) -> dict[str, Frame]:
    query = select(Frame).join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
    with store.read() as session:
        found = session.exec(query.where(SampledFrame.split == Split.HELD_OUT)).all()
    return {one.id: one for one in found}


def every_row(store: Store) -> dict[str, list[dict[str, Any]]]:
    """What all tables hold, by name."""
    with store.engine.connect() as connection:
        return {name: list(raw_rows(connection, table)) for name, table in SQLModel.metadata.tables.items()}
