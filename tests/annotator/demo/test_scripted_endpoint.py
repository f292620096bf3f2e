"""What the demo's monitor asks, and what it watches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from annotator.demo.live_feeds import CALM, VEHICLES, vehicles
from annotator.demo.scripted_endpoint import MODEL, ScriptedEndpoint, answers_about, served
from data.demo import VERSION, scripted_replies
from data.errors import FeedError
from data.frames.ingest import ingest
from data.images.model_picture import ModelPicture, model_picture_of
from data.sources.nuscenes import nuscenes
from data.store import Store
from data.vlm.live_client import LiveEndpoints, endpoint_problems
from data.vlm.reply import parse_reply
from data.vlm.request import STUDENT_SAMPLING, data_url, one_call_body
from data.vocabulary import ModelRole, TriageLevel
from tests.builders import a_store, an_empty_store
from tests.conftest import with_demo_frames


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory, demo_dataroot: Path) -> Store:
    workspace = with_demo_frames(tmp_path_factory.mktemp("feeds"), demo_dataroot)
    store = an_empty_store(workspace)
    ingest(store, nuscenes(workspace / "demo-dataroot", VERSION))
    return store


@pytest.fixture(scope="module")
def picture(frames: Store) -> Path:
    return vehicles(frames).frames[0].image


@pytest.fixture(scope="module")
def address(picture: Path) -> Iterator[str]:
    with served(ScriptedEndpoint(answers_about([picture]))) as address:
        yield address


def sent(image: Path) -> ModelPicture:
    return model_picture_of(image, width_px=STUDENT_SAMPLING.image_width_px)


def a_body(image: Path, model: str = MODEL) -> dict[str, object]:
    return dict(one_call_body(data_url(sent(image)), model, STUDENT_SAMPLING))


def test_the_monitors_client_gets_the_scripts_words(address: str, picture: Path) -> None:
    async def asked() -> str:
        endpoints = LiveEndpoints([address], MODEL, STUDENT_SAMPLING)
        answer = await endpoints.ask(sent(picture), deadline_s=10)
        endpoints.close()
        assert answer.sample is not None, answer.detail
        return answer.sample.raw

    raws = {Path(row["filename"]).name: row["raw"] for row in scripted_replies(ModelRole.TEACHER)}
    assert asyncio.run(asked()) == raws[picture.name].rpartition("</think>")[2].strip()
    assert endpoint_problems([address], MODEL) == []


def test_what_it_does_not_know_is_refused_with_a_reason(address: str, picture: Path, frames: Store) -> None:
    other = vehicles(frames).frames[-1].image
    url = f"{address}/chat/completions"
    unknown = httpx.post(url, json=a_body(other))
    assert (unknown.status_code, "knows the pictures" in unknown.text) == (422, True)
    assert httpx.post(url, json=a_body(picture, model="gpt")).status_code == 404
    for body in (b"", b"[]", b"{}", b'{"messages": []}', b'{"messages": [{"content": "text"}]}'):
        assert httpx.post(url, content=body).status_code == 400


def test_the_calm_stretches_are_calm_and_every_situation_ends(frames: Store) -> None:
    told = {Path(row["filename"]).name: row["raw"] for row in scripted_replies(ModelRole.TEACHER)}
    fleet = vehicles(frames)
    replies = {frame.frame_id: parse_reply(told[frame.image.name]).assessment for frame in fleet.frames}
    levels = {frame_id: reply.level if reply else None for frame_id, reply in replies.items()}
    situation = 20
    for source in fleet.sources:
        calm, rest = source.frames[:-situation], source.frames[-situation:]
        assert {levels[frame.frame_id] for frame in calm} == {TriageLevel.AUTONOMY}
        said = [levels[frame.frame_id] for frame in rest]
        assert any(level in (TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION) for level in said)
        assert said[-2:] == [TriageLevel.AUTONOMY, TriageLevel.AUTONOMY]
    assert {scene for scene, _, _ in CALM}.isdisjoint({VEHICLES[0][1], VEHICLES[1][1]})


def test_the_vehicles_take_turns_so_that_the_first_situation_is_near(frames: Store) -> None:
    begins = []
    for source in vehicles(frames).sources:
        situation_s = source.frames[-20].captured_at_us / 1e6
        begins.append(situation_s - source.begin_s)
    assert begins == [12.0, 52.0, 92.0, 132.0]


def test_a_store_without_the_demos_scenes_has_no_vehicles(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="no scene called 'scene-9003'"):
        vehicles(a_store(tmp_path))
