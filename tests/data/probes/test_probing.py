from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from data.errors import ProbeRefused
from data.maintenance.check import check_store
from data.store.tables import Dataset
from data.vocabulary import Failure
from tests.builders import VERSION, A, S, T, a_box, a_dataroot, a_filename, a_raw_reply, a_store
from tests.data.probes.probed import (
    SCENES,
    an_asked_store,
    answers,
    every_row,
    held_out,
    probed,
)
from tests.data.vlm.vllm_stand_in import Asked, StandIn, served
from tests.repository import ROOT

REVERSED = "from most to least involvement"


def by_brightness(asked: Asked) -> str:
    """A model that looks, after its fashion: grey is SUPERVISION, dark TELEOPERATION, anything else AUTONOMY."""
    mean = ImageStat.Stat(picture(asked).convert("L")).mean[0]
    level = T if mean < 60 else S if abs(mean - 128) < 1 else A
    return a_raw_reply(level, reasoning=f"The picture is {mean:.2f} bright.")


def picture(asked: Asked) -> Image.Image:
    part = next(part for part in asked.body["messages"][1]["content"] if part["type"] == "image_url")
    return Image.open(io.BytesIO(base64.b64decode(part["image_url"]["url"].partition(",")[2])))


def has_grey(image: Image.Image) -> bool:
    return any(max(abs(one - 128) for one in colour) < 4 for _, colour in image.getcolors(99_999) or [])  # type: ignore[union-attr]


def test_each_arm_asks_about_every_held_out_frame_once_and_resuming_asks_nothing(tmp_path: Path) -> None:
    arms = ("again", "no-picture", "other-scene", "levels-reversed", "mirrored", "darkness", "frozen-1")
    with served(StandIn(says=by_brightness)) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        done = probed(tmp_path, store, stand_in, *arms)
        again = probed(tmp_path, store, stand_in, *arms)
        asked = len(stand_in.asked)
    frames = held_out(store)
    counts = {one.arm: one.questions for one in done.arms}
    assert counts.pop("frozen-1") == sum(frame.position > 0 for frame in frames.values())
    assert set(counts.values()) == {len(frames)} == {done.frames}
    assert (again.added, done.added) == (0, sum(one.answered for one in done.arms))
    assert asked == 12 + done.added
    assert {one.level for one in answers(store, "again").values()} == {A}
    assert {one.level for one in answers(store, "no-picture").values()} == {S}
    assert {one.level for one in answers(store, "darkness-3").values()} == {T}
    assert check_store(store).damages == []


def test_the_picture_of_another_scene_is_that_of_the_frame_that_is_named(tmp_path: Path) -> None:
    with served(StandIn(says=by_brightness)) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        probed(tmp_path, store, stand_in, "other-scene")
        shown = [one.image for one in stand_in.asked[12:]]
    frames = held_out(store)
    others = {
        frame_id: (one.shown or {})["frame_id"] for frame_id, one in answers(store, "other-scene").items()
    }
    assert all(frames[one].scene_id != frames[other].scene_id for one, other in others.items())
    assert sorted(shown) == sorted(str(frames[other].image_sha256) for other in others.values())


def test_the_levels_stand_in_the_other_order_and_nothing_else_changes(tmp_path: Path) -> None:
    with served(StandIn()) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        probed(tmp_path, store, stand_in, "levels-reversed", limit=1)
        first, last = (
            one.body["messages"][1]["content"][-1]["text"] for one in (stand_in.asked[0], stand_in.asked[-1])
        )
    lines = [re.findall(r"^- ([A-Z]+):", text, re.MULTILINE) for text in (first, last)]
    assert lines[0] == lines[1][::-1] == ["AUTONOMY", "SUPERVISION", "TELEOPERATION"]
    assert sorted(re.findall(r"^- .*", first, re.MULTILINE)) == sorted(
        re.findall(r"^- .*", last, re.MULTILINE)
    )


def test_an_arm_that_got_no_answers_is_asked_by_the_next_call(tmp_path: Path) -> None:
    with served(StandIn()) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        stand_in.fails = lambda one: 503 if REVERSED in str(one.body["messages"]) else None
        done = probed(tmp_path, store, stand_in, "again", "levels-reversed", limit=2)
        stand_in.fails = lambda one: None
        later = probed(tmp_path, store, stand_in, "again", "levels-reversed", limit=2)
    assert (done.added, sum(done.unreached.values())) == (2, 2)
    assert (later.added, later.unreached) == (2, {})


def test_an_arm_that_the_server_does_not_take_is_kept_as_failures_with_the_reason(tmp_path: Path) -> None:
    with served(StandIn()) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        stand_in.fails = lambda one: 400 if REVERSED in str(one.body["messages"]) else None
        done = probed(tmp_path, store, stand_in, "again", "levels-reversed")
    assert [one.failures for one in done.arms] == [{}, {"request_failed": done.frames}]
    row = next(iter(answers(store, "levels-reversed").values()))
    assert (row.failure, row.level) == (Failure.REQUEST_FAILED, None)
    assert "told to fail" in str(row.failure_detail)


def test_a_probe_changes_no_table_but_its_own(tmp_path: Path) -> None:
    with served(StandIn(says=by_brightness)) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        before = every_row(store)
        probed(tmp_path, store, stand_in, "no-picture")
    after = every_row(store)
    changed = {name for name, rows in after.items() if rows != before[name]}
    assert changed == {"probe_arm", "probe_answer", "trail_entry"}
    assert {row["act"] for row in after["trail_entry"][len(before["trail_entry"]) :]} == {"sealed"}


READERS = {"data/probes", "data/store", "eval/probes"}
"""Rooms that may know what was answered to a question that is no model's answer about a frame."""
FINDING = {"data/find/current.py"}
"""Learns when something was answered, so that frames are found by the duty that they violate."""
VIOLATING = {"data/find/duties.py"}
"""Makes a filter of the frames that violate a duty, and nothing else of them."""


def test_nothing_else_reads_what_a_probe_was_answered() -> None:
    named = re.compile(r"\bProbe(Arm|Answer)\b|\bprobe_(arm|answer)\b")
    rooms = ("annotator", "data", "eval", "training")
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
    }
    found = {name for name, text in texts.items() if named.search(text)} - FINDING
    assert {"/".join(name.split("/")[:2]) for name in found} <= READERS
    assert {name for name, text in texts.items() if "data.probes.violating" in text} == VIOLATING


def test_a_limited_probe_is_of_as_many_scenes_as_there_are(tmp_path: Path) -> None:
    with served(StandIn()) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        done = probed(tmp_path, store, stand_in, "again", limit=2)
        more = probed(tmp_path, store, stand_in, "again", limit=3)
    assert (done.frames, done.scenes, more.added) == (2, 2, 1)


def test_boxes_are_greyed_out_one_by_one_beside_the_whole_picture(tmp_path: Path) -> None:
    boxes = {
        a_filename(scene, 0): [a_box(category="vehicle.car", ahead_m=m) for m in (8, 14)] for scene in SCENES
    }
    with served(StandIn(probabilities=(0.1, 0.6, 0.3))) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        with store.write() as session:
            root = a_dataroot(tmp_path / "boxed", scenes=SCENES, boxes=boxes, version=VERSION)
            session.get_one(Dataset, 1).dataroot = str(root)
        before = len(stand_in.asked)
        done = probed(tmp_path, store, stand_in, "again", occlude=2, limit=4)
        pictures = [picture(one).convert("RGB") for one in stand_in.asked[before + 4 :]]
    (occluded,) = [one for one in done.arms if one.arm == "occluded"]
    assert (occluded.questions, occluded.answered, len(pictures)) == (6, 6, 6)
    whole = answers(store, "occluded")
    assert len(whole) == 2
    assert [round(one, 3) for one in next(iter(whole.values())).token_probabilities or []] == [0.1, 0.6, 0.3]
    assert sum(has_grey(image) for image in pictures) == 4


def test_without_boxes_the_rest_is_asked_and_the_reason_is_said(tmp_path: Path) -> None:
    with served(StandIn()) as stand_in:
        store = an_asked_store(tmp_path, stand_in)
        done = probed(tmp_path, store, stand_in, "again", limit=1, occlude=3)
    assert (done.note, [one.arm for one in done.arms]) == ("no probed frame has a box in view", ["again"])


def test_runs_that_cannot_be_probed_are_refused_in_a_sentence(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with served(StandIn()) as stand_in:
        with pytest.raises(ProbeRefused, match=r"There is no run called tiny-vl; the store has .+"):
            probed(tmp_path, store, stand_in)
        with pytest.raises(ProbeRefused, match="recorded replies, so how it was asked is not known"):
            probed(tmp_path, store, stand_in, run="test-student")
