"""What is fuzzed: everything that reads what somebody else wrote. Each check raises where a rule of the house is
broken: an error that is none of ours, a sentence of several lines, a reply that takes long, a status above 499."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from annotator.monitor.console import door
from annotator.monitor.console.routes import ROUTES as MONITOR_ROUTES
from annotator.monitor.rules.limits_file import read_limits
from annotator.monitor.sources.feed_sheet import read_feed_sheet
from annotator.review_card import routes
from annotator.runtime import COOKIE
from annotator.settings import AppSettings
from data.errors import TeletriageError
from data.frames.ingest import ingest
from data.frames.sampling_recipe import read_recipe
from data.label_studio.files import import_answers
from data.label_studio.tasks import result_of
from data.people.accounts import sign_in
from data.scenarios.catalogue import CATALOGUE, read_catalogue
from data.sources.checking import Checker
from data.sources.nuscenes import nuscenes
from data.sources.physical_ai.drives import PhysicalAI
from data.sources.port import PictureRefused, SceneSetAside
from data.sources.texts.kinds import texts_in
from data.store.opening import Store
from data.vlm.answer import choose_sample, read_samples
from data.vlm.reply import parse_reply
from data.vocabulary import Assessment, PersonRole, Split, TriageLevel
from tests.annotator.review_card.test_outbox import an_entry
from tests.builders import (
    VERSION,
    a_box,
    a_dataroot,
    a_filename,
    a_person,
    a_raw_reply,
    a_store,
    an_empty_store,
)
from tests.data.review.test_reviews import frames_in
from tests.data.sources.test_physical_ai import a_download, table
from tests.fuzz.spoilt import spoilt, spoilt_text
from training.recipe import find_recipe, load_recipe

HERE = "http://testserver"
REPLY_S = 0.5
"""Ten times what the longest reply may take, for machines that are busy."""


@dataclass(frozen=True)
class Target:
    """One reader. `cases` draws what it is given (JSON values, so that a case can be kept as a file)."""

    name: str
    cases: Callable[[], st.SearchStrategy[Any]]
    check: Callable[[Any], None]


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


@contextmanager
def refused_in_words() -> Iterator[None]:
    """Errors of ours are fine if they are one line."""
    try:
        yield
    except TeletriageError as error:
        if "\n" in str(error):
            raise AssertionError(f"several lines: {error}") from error


# Replies of models


def completion() -> dict[str, Any]:
    words: list[dict[str, Any]] = [
        {"token": part, "logprob": -0.1, "top_logprobs": []} for part in ('{"level"', ':"', "AUTONOMY", '"}')
    ]
    message = {"role": "assistant", "content": a_raw_reply(), "reasoning_content": "I see cones."}
    return {
        "choices": [
            {"index": 0, "message": message, "finish_reason": "stop", "logprobs": {"content": words}}
        ],
        "usage": {"prompt_tokens": 900},
    }


def check_reply(raw: str) -> None:
    begun = time.perf_counter()
    parse_reply(raw)
    assert time.perf_counter() - begun < REPLY_S, f"{len(raw)} characters took long"


def check_completion(value: Any) -> None:
    if samples := read_samples(value):
        choose_sample(samples)


# nuScenes tables


@cache
def dataroot() -> Path:
    boxes = {a_filename("scene-0001", 0): [a_box(category="vehicle.car", ahead_m=12.0)]}
    return a_dataroot(folder() / "dataroot", scenes={"scene-0001": 2, "scene-0002": 1}, boxes=boxes)


def tables() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in (dataroot() / VERSION).glob("*.json")}


def one_table(whole: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(sorted(whole)).flatmap(lambda name: st.tuples(st.just(name), spoilt(whole[name])))


def check_tables(case: Any) -> None:
    name, rows = case
    path = dataroot() / VERSION / f"{name}.json"
    whole = path.read_bytes()
    with tempfile.TemporaryDirectory() as workspace:
        store = an_empty_store(Path(workspace) / "w")
        try:
            path.write_text(json.dumps(rows), encoding="utf-8", errors="surrogatepass")
            with refused_in_words():
                ingest(store, nuscenes(dataroot(), VERSION))
        finally:
            path.write_bytes(whole)
            store.close()


# Clips and texts of other sets


@cache
def clips() -> Path:
    root = folder() / "clips"
    root.mkdir()
    return a_download(root)


def one_damaged_file() -> st.SearchStrategy[Any]:
    """(a file, the place of the damage in ten thousandths of it, the bytes that stand there; none: it is cut)."""
    files = sorted(path.relative_to(clips()).as_posix() for path in clips().rglob("*.*") if path.is_file())
    return st.tuples(st.sampled_from(files), st.integers(0, 9_999), st.lists(st.integers(0, 255), max_size=8))


def check_clips(case: Any) -> None:
    name, place, instead = case
    path = clips() / name
    whole = path.read_bytes()
    at = len(whole) * place // 10_000
    path.write_bytes(whole[:at] + bytes(instead) + whole[at + len(instead) :] if instead else whole[:at])
    try:
        source = PhysicalAI(clips())
        with refused_in_words():
            for scene in Checker().checked(source.scenes()):
                if isinstance(scene, SceneSetAside):
                    assert "\n" not in scene.reason, f"several lines: {scene.reason}"
                    continue
                for frame in scene.frames:
                    with suppress(PictureRefused):
                        source.picture(scene, frame)
    finally:
        path.write_bytes(whole)


def one_text() -> st.SearchStrategy[Any]:
    picture = "samples/CAM_FRONT/a.jpg"
    answers = {"planning": [{"Q": "What is safe?", "A": "Slow down."}]}
    frame = {"QA": answers, "image_paths": {"CAM_FRONT": picture}}
    scene = {"token": {"scene_description": "It turns.", "key_frames": {"frame": frame}}}
    line = {"question_id": 0, "image": "val/images/1.jpg", "question": "What?", "answer": "A cone."}
    events = [{"event_start_timestamp": 1_000, "coc": "Slow: cones."}]
    return st.one_of(
        *(
            st.tuples(st.just(name), spoilt(value).map(json.dumps) | spoilt_text(json.dumps(value)))
            for name, value in (("a.json", scene), ("a.jsonl", line), ("a.parquet", events))
        )
    )


def check_text(case: Any) -> None:
    name, text = case
    path = folder() / name
    if name == "a.parquet":
        rows = [{"clip_id": "c", "event_cluster": "x", "events": text.encode(errors="replace").decode()}]
        path.write_bytes(table(rows))
    else:
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with refused_in_words():
        texts = texts_in(path)
        for _ in texts.said if texts else ():
            pass


# Label Studio


@cache
def team() -> Store:
    store = a_store(folder() / "team")
    for name, role in (("ada@example.org", PersonRole.ANNOTATOR), ("olga", PersonRole.OPERATOR)):
        a_person(store, name, role)
    return store


def export() -> list[dict[str, Any]]:
    said = Assessment(
        reasoning="Cones narrow the lane.", level=TriageLevel.SUPERVISION, action="Watch the feed."
    )
    times = {"created_at": "2026-11-26T10:00:00Z", "updated_at": "2026-11-26T10:00:01Z", "lead_time": 7.5}
    annotation = {
        "id": 1,
        "project": 1,
        "completed_by": 2,
        "updated_by": 2,
        "result": result_of(said),
        **times,
    }
    frame = frames_in(team(), Split.TRAIN)[0]
    return [{"id": 1, "data": {"frame_id": frame, "image": "/x.jpg"}, "annotations": [annotation]}]


def check_export(value: Any) -> None:
    path = folder() / "export.json"
    path.write_text(json.dumps(value), encoding="utf-8", errors="surrogatepass")
    with refused_in_words():
        done = import_answers(team(), path, emails={2: "ada@example.org"})
        assert done.taken + done.known + done.skipped + len(done.refused) == done.annotations
        assert all("\n" not in one.reason for one in done.refused)


# YAML

READERS: dict[str, Callable[[Path], object]] = {
    "feeds": read_feed_sheet,
    "limits": read_limits,
    "sampling": read_recipe,
    "catalogue": read_catalogue,
    "recipe": load_recipe,
}


def sheets() -> dict[str, str]:
    sampling = Path(read_recipe.__code__.co_filename).with_name("sampling_recipe.yaml")
    return {
        "feeds": "feeds:\n  - name: van-7\n    camera: rtsp://10.0.0.7/x\n  - {name: b, scene: s, begin_s: 1.5}\n",
        "limits": "agreeing: 5\nclock_s: 1.5\n",
        "sampling": sampling.read_text(),
        "catalogue": CATALOGUE.read_text()[:3_000],
        "recipe": find_recipe("sa_dpo").read_text(),
    }


def one_sheet() -> st.SearchStrategy[Any]:
    whole = sheets()
    return st.sampled_from(sorted(whole)).flatmap(
        lambda name: st.tuples(st.just(name), spoilt_text(whole[name]))
    )


def check_sheet(case: Any) -> None:
    name, text = case
    path = folder() / "sheet.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with refused_in_words():
        READERS[name](path)


# HTTP bodies of the card and of the console


@cache
def client() -> TestClient:
    patch = pytest.MonkeyPatch()  # for as long as the process lives: a client of its own store
    patch.setattr(routes, "store", team)
    patch.setattr(routes, "app_settings", AppSettings)
    patch.setattr(door, "store", team)
    app = Starlette(routes=[*routes.ROUTES, *MONITOR_ROUTES])
    return TestClient(app, base_url=HERE, headers={"origin": HERE}, raise_server_exceptions=True)


def bodies() -> dict[str, Any]:
    frame = frames_in(team(), Split.TRAIN)[1]
    entry = {**an_entry(frame), "reasoning": "Cones.", "action": "Watch.", "seconds_shown": 3.5}
    card: dict[str, Any] = {
        "sync": {"outbox": [entry], "offset_min": 60},
        "own-level": {"frame": frame, "level": "AUTONOMY"},
        "strip": {"frame": frame},
        "thought": {"frame": frame},
        "settings": {"settings": {"daily_target": 60}},
        "guideline": {},
        "tour": {},
        "tour-answer": {"frame": frame, "level": "AUTONOMY"},
    }
    console: dict[str, Any] = {
        "live": {"version": 1, "watch": 1, "pictured": ["a"]},
        "wall": {"known": {"a": 1}},
        "hour": {},
        "shown": {"alerts": []},
        "matters": {},
        "call": {"feed": "a", "token": "d" * 32},
        "open": {},
        "hand-over": {"token": "e" * 32, "words": "Quiet."},
        "confirm": {"token": "f" * 32, "handover": 1},
        "acknowledge": {"alert_ids": ["a"], "token": "b" * 32, "note": "seen"},
        "answer": {"alert_id": "a", "response": "not_needed", "token": "c" * 32, "seconds_shown": 2.0},
    }
    paths = {getattr(route, "path", "") for route in MONITOR_ROUTES}
    asked = {f"/card/{name}": {"person": 1, **body} for name, body in card.items()}
    asked |= {f"/monitor/{name}": {"person": 2, **body} for name, body in console.items()}
    return {path: body for path, body in asked.items() if path.startswith("/card/") or path in paths}


def one_body() -> st.SearchStrategy[Any]:
    whole = bodies()

    def of(path: str) -> st.SearchStrategy[Any]:
        return st.tuples(st.just(path), spoilt(whole[path]) | spoilt_text(json.dumps(whole[path])))

    return st.sampled_from(sorted(whole)).flatmap(of)


@cache
def cookies() -> dict[str, str]:
    names = {"/card/": "ada@example.org", "/monitor/": "olga"}
    return {path: sign_in(team(), name, f"password-{name}") for path, name in names.items()}


def check_body(case: Any) -> None:
    path, body = case
    content = body if isinstance(body, str) else json.dumps(body)
    secret = next(secret for begin, secret in cookies().items() if path.startswith(begin))
    asked = {"cookie": f"{COOKIE}={secret}"}
    with suppress(UnicodeEncodeError):  # no browser can send a lone surrogate
        answer = client().post(path, content=content.encode(), headers=asked)
        assert answer.status_code < 500 or answer.status_code == 503, (
            f"{answer.status_code}: {answer.text[:200]}"
        )


TARGETS = [
    Target("replies", lambda: spoilt_text(a_raw_reply(thought="I see cones.")), check_reply),
    Target("completions", lambda: spoilt(completion()), check_completion),
    Target("tables", lambda: one_table(tables()), check_tables),
    Target("clips", one_damaged_file, check_clips),
    Target("texts", one_text, check_text),
    Target("label-studio", lambda: spoilt(export()), check_export),
    Target("yaml", one_sheet, check_sheet),
    Target("bodies", one_body, check_body),
]
