"""Erased pictures: gone from the workspace byte for byte, shown nowhere, and the trail still verifies."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import LargeBinary
from sqlmodel import SQLModel, col, select

from annotator.frame_grid.told import opened_frame
from annotator.pictures.routes import Picture, made
from data.alike.embed import embed_locally
from data.alike.vectors import current_vectors
from data.erasure.erase import MAX_WHY_CHARS, Erased, erase, person_who
from data.errors import EraseRefused, NotAllowed, ReviewRefused, TeletriageError
from data.find.pages import find_frames
from data.find.question import from_address
from data.frames.ingest import ingest
from data.images.model_picture import model_picture_file
from data.live.alerts import AlertAnswer, answer_alert
from data.live.clip_spool import Places
from data.live.clips import clip_of
from data.live.record import end_watch
from data.live.returned_frames import Outcome, kept_picture, return_disagreements
from data.maintenance.backup import write_backup
from data.maintenance.check import check_store
from data.overview.contested import frames_around
from data.overview.frame_history import frame_view
from data.people.permissions import Act
from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.snapshot.freeze import freeze
from data.sources.nuscenes import nuscenes
from data.store.opening import Store
from data.store.tables import Alert, AlertClip, Erasure, Frame, FrameStatus, Lease, ReturnedFrame, TrailEntry
from data.vocabulary import PersonRole, Response, SetAside, Split, TrailAct
from data.whole_files import locked
from tests.builders import VERSION, S, a_decision, a_person, a_store, frames_of, reviewed
from tests.data.feeds import a_watch, an_alert
from tests.data.live.test_clips import a_spool, at, with_clip

SMALL = {"scene-0001": 4, "scene-0002": 4}
WHY = "A neighbour asked for it."
WINDOW = 64


@dataclass
class Workplace:
    """A store with its workspace, the monitor's folder in it, and somebody who may erase."""

    store: Store
    workspace: Path
    admin: int

    def erase(self, what: str, why: str = WHY) -> Erased:
        return erase(self.store, self.workspace, what, why=why, person_id=self.admin)

    def frame(self, frame_id: str) -> Frame:
        with self.store.read() as session:
            return session.get_one(Frame, frame_id)

    def original(self, frame_id: str) -> Path:
        return self.workspace.parent / "dataroot" / self.frame(frame_id).filename


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    store = a_store(tmp_path, scenes=SMALL)
    (tmp_path / "workspace").mkdir(exist_ok=True)
    there = Workplace(store, tmp_path / "workspace", a_person(store, "root", PersonRole.ADMIN))
    for number, frame_id in enumerate(frames_of("scene-0001")):
        there.original(frame_id).write_bytes(a_noisy_picture(number))
    ingest(store, nuscenes(tmp_path / "dataroot", VERSION), recheck=True)
    return there


def a_noisy_picture(seed: int) -> bytes:
    """A picture that shares no bytes with another one, scaled or not."""
    out = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, "JPEG", quality=90)
    return out.getvalue()


def scan_of(picture: bytes) -> bytes:
    """What a JPEG holds after its start of scan: nothing else in the world has these bytes."""
    return picture[picture.index(b"\xff\xda") + 14 : -2]


def holding(workspace: Path, pictures: list[bytes]) -> list[str]:
    """The files below a folder that hold any whole window of any of the pictures' scans."""
    windows = {
        scan[first : first + WINDOW]
        for scan in map(scan_of, pictures)
        for first in range(0, len(scan) - WINDOW, WINDOW)
    }
    assert windows
    files = [path for path in workspace.rglob("*") if path.is_file()]
    return sorted(
        str(path.relative_to(workspace)) for path in files if any(one in path.read_bytes() for one in windows)
    )


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def with_copies(place: Workplace, frame_id: str) -> list[bytes]:
    """Every kind of copy of a frame's picture that the workspace can have; the pictures that they hold."""
    original, sha256 = place.original(frame_id), place.frame(frame_id).image_sha256
    kept = place.workspace / "images" / f"{sha256}-400.jpg"
    small = made(Picture(original, original.parent, kept, 400))
    between = place.workspace / "images" / f"{sha256_of(frame_id)}-400.jpg"
    between.write_bytes(small)
    for name in (
        f".part-x/{sha256}-960.jpg",
        f"sheets/copy of {frame_id}.JPG",
        f"snapshots/.part-y/images/{frame_id}.jpg",
    ):
        (place.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(original, place.workspace / name)
    shown = model_picture_file(original, place.workspace / "model_pictures", width_px=64)
    return [original.read_bytes(), small, shown.read_bytes()]


def test_a_frame_is_gone_from_the_workspace_byte_for_byte_and_stays_with_its_owner(place: Workplace) -> None:
    first, other = frames_of("scene-0001")[:2]
    ada = a_person(place.store)
    reviewed(place.store, ada, first, S)
    pictures = with_copies(place, first)
    stays = with_copies(place, other)[1]
    embed_locally(place.store, place.workspace)
    assert len(holding(place.workspace, pictures)) >= 6
    original = place.original(first)
    before = (original.read_bytes(), original.stat().st_mtime_ns)
    assert {one.frame.id for one in lease_frames(place.store, ada, n=20)} >= {other}

    done = place.erase(first)

    assert holding(place.workspace, pictures) == []
    assert holding(place.workspace, [stays]) != []
    assert (original.read_bytes(), original.stat().st_mtime_ns) == before
    assert (done.frames, done.originals, done.vectors, done.is_new) == (1, [str(original)], 1, True)
    vectors = current_vectors(place.workspace)
    assert vectors is not None
    assert first not in vectors.place
    frame = place.frame(first)
    assert (frame.set_aside, frame.set_aside_detail) == (SetAside.ERASED, WHY)
    assert frame.image_sha256 is not None
    with place.store.read() as session:
        assert session.get(FrameStatus, first) is None
        assert session.get(Lease, first) is None
        acts = session.exec(select(TrailEntry.act, TrailEntry.person_id).order_by(col(TrailEntry.id))).all()
    assert (TrailAct.ERASED_PICTURES, place.admin) in acts
    assert (TrailAct.REMOVED_FILES, place.admin) in acts
    assert check_store(place.store).damages == []

    again = place.erase(first, "Another reason.")
    assert (again.is_new, again.why, again.files, again.vectors) == (False, WHY, 0, 0)
    with place.store.read() as session:
        assert len(session.exec(select(Erasure)).all()) == 1


def test_no_ingest_brings_an_erased_picture_back(place: Workplace) -> None:
    first = frames_of("scene-0001")[0]
    place.erase("scene-0001")
    dataroot = place.workspace.parent / "dataroot"
    for recheck in (False, True):
        ingest(place.store, nuscenes(dataroot, VERSION), recheck=recheck)
    assert place.frame(first).set_aside is SetAside.ERASED
    place.original(first).unlink()  # as its owner was asked to
    ingest(place.store, nuscenes(dataroot, VERSION), recheck=True)
    assert (place.frame(first).set_aside, place.frame(first).image_sha256 is None) == (SetAside.ERASED, False)
    assert place.erase("scene-0001").originals == [
        str(place.original(one)) for one in frames_of("scene-0001")[1:]
    ]


def test_snapshots_and_backups_that_still_hold_it_are_named_and_not_touched(
    place: Workplace, tmp_path: Path
) -> None:
    ada = a_person(place.store)
    with place.store.read() as session:
        ids = session.exec(
            select(FrameStatus.frame_id).where(FrameStatus.split == Split.TRAIN).limit(2)
        ).all()
    for frame_id in ids:
        reviewed(place.store, ada, frame_id, S)
    folder = place.workspace / "snapshots" / "first"
    freeze(place.store, folder)
    write_backup(place.store, tmp_path / "monday.db")
    inside = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = place.erase(ids[0])
    assert (done.snapshots, done.backups) == ({str(folder): 1}, ["monday.db"])
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == inside
    freeze(place.store, place.workspace / "snapshots" / "second")
    lines = (place.workspace / "snapshots" / "second" / "excluded.jsonl").read_text()
    assert f'{{"frame_id":"{ids[0]}","reason":"erased"}}' in lines
    assert place.erase(ids[0]).snapshots == {str(folder): 1}


def test_a_feed_loses_its_pictures_clips_spools_and_returned_frames(place: Workplace) -> None:
    watch = a_watch(place.store, place.workspace, "van", "gate")
    places = Places(place.workspace / "monitor")
    answered, other = (
        an_alert(
            place.store, watch, S, feed=feed, folder=place.workspace, picture=a_noisy_picture(90 + len(feed))
        )
        for feed in ("van", "gate")
    )
    pictures = [kept.read_bytes() for kept in kept_of(place, answered)]
    whole = with_clip(place.store, places, answered, at(-1, 0, 1), written_us=1)
    clip = places.clip(answered).read_bytes()
    spool = a_spool(places, answered, at(-1, 0))
    left_behind = places.spool(1, "f" * 32)
    shutil.copy(spool, left_behind)
    places.early_clip(answered).write_bytes(clip)
    places.moment(answered).mkdir(parents=True)
    (places.moment(answered) / "1.jpg").write_bytes(pictures[0])
    olga = a_person(place.store, "olga", PersonRole.OPERATOR)
    given = {"token": "token-van", "alert_id": answered, "response": Response.TAKEN_OVER, "reason": "seen"}
    answer_alert(place.store, olga, AlertAnswer.model_validate(given))
    assert return_disagreements(place.store) == [Outcome.RETURNED]
    with place.store.read() as session:
        (came,) = session.exec(select(ReturnedFrame)).all()
    end_watch(place.store, watch.watch_id)

    done = place.erase("van")

    assert (done.frames, done.alerts, done.originals) == (1, 1, [])
    assert holding(place.workspace, pictures) == []
    assert not any(clip in path.read_bytes() for path in place.workspace.rglob("*") if path.is_file())
    assert [path for path in (spool, left_behind, places.clip(answered)) if path.exists()] == []
    assert all(kept.is_file() for kept in kept_of(place, other))
    assert place.frame(came.frame_id).set_aside is SetAside.ERASED
    with place.store.read() as session:
        row = session.get_one(AlertClip, answered)
        shown = clip_of(session, answered)
    assert (row.sha256, row.removed_at_us is None, row.erasure_id) == (whole.sha256, False, 1)
    assert shown is not None
    assert (shown.path, shown.why, shown.is_withheld) == (None, f"Erased: {WHY}", True)
    assert check_store(place.store).damages == []


def kept_of(place: Workplace, alert: str) -> list[Path]:
    with place.store.read() as session:
        sha256 = session.get_one(Alert, alert).image_sha256
    return [kept_picture(place.workspace / "monitor", sha256)]


def test_a_frame_that_a_feed_replayed_takes_the_alert_and_the_clips_of_its_scene_with_it(
    place: Workplace,
) -> None:
    first, second = frames_of("scene-0001")[:2]
    watch = a_watch(place.store, place.workspace)
    places = Places(place.workspace / "monitor")
    content = place.original(first).read_bytes()
    of_first, of_second = (
        an_alert(
            place.store,
            watch,
            folder=place.workspace,
            picture=content if one == first else None,
            source_frame_id=one,
        )
        for one in (first, second)
    )
    with_clip(place.store, places, of_second, at(-1, 0, 1), written_us=1)
    end_watch(place.store, watch.watch_id)
    done = place.erase(first)
    assert (done.alerts, done.clips) == (1, 2)
    assert holding(place.workspace, [content]) == []
    assert not places.clip(of_second).exists()
    with place.store.read() as session:
        assert [session.get_one(Alert, one).erasure_id for one in (of_first, of_second)] == [1, None]


def test_while_the_monitor_has_the_pictures_in_memory_nothing_is_erased(place: Workplace) -> None:
    watch = a_watch(place.store, place.workspace)
    an_alert(place.store, watch, folder=place.workspace)
    held = locked(Places(place.workspace / "monitor").spools / str(watch.watch_id))
    assert held is not None
    with pytest.raises(EraseRefused, match="monitor is running and has pictures of the feed van in memory"):
        place.erase("van")
    held.close()
    assert place.erase("van").alerts == 1


@pytest.mark.parametrize("stops", [KeyboardInterrupt, SystemExit])
def test_what_was_stopped_half_way_is_finished_by_the_same_call(
    place: Workplace, stops: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = frames_of("scene-0001")[0]
    pictures = with_copies(place, first)
    unlink = Path.unlink
    gone: list[Path] = []

    def stop_at_the_third(path: Path, missing_ok: bool = False) -> None:
        if len(gone) == 2:
            raise stops
        gone.append(path)
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", stop_at_the_third)
    with pytest.raises(stops):
        place.erase(first)
    monkeypatch.undo()
    assert place.frame(first).set_aside is SetAside.ERASED
    assert holding(place.workspace, pictures) != []
    assert place.erase(first).is_new is False
    assert holding(place.workspace, pictures) == []
    assert check_store(place.store).damages == []


def test_a_file_that_cannot_be_deleted_is_named(place: Workplace) -> None:
    if os.geteuid() == 0:
        pytest.skip("root deletes everything")
    first = frames_of("scene-0001")[0]
    with_copies(place, first)
    (place.workspace / "images").chmod(0o500)
    with pytest.raises(EraseRefused, match=r"400\.jpg cannot be deleted: Permission denied"):
        place.erase(first)
    (place.workspace / "images").chmod(0o700)
    assert place.erase(first).files >= 1


@pytest.mark.parametrize(
    ("what", "why", "error"),
    [
        ("nothing-like-it", WHY, r"'nothing-like-it' is neither a frame .* nor a scene .* nor a feed"),
        ("scene-0001", " \n", "Say why the pictures are erased"),
        ("scene-0001", "x" * (MAX_WHY_CHARS + 1), "at most 300 characters; this one has 301"),
        ("scene-0002", WHY, "'scene-0002' names more than one thing. Write scene:.* or feed:scene-0002"),
    ],
)
def test_what_cannot_be_erased_is_said_in_a_sentence_and_nothing_is(
    place: Workplace, what: str, why: str, error: str
) -> None:
    a_watch(place.store, place.workspace, "scene-0002")
    with pytest.raises(TeletriageError, match=error):
        place.erase(what, why)
    with place.store.read() as session:
        assert session.exec(select(Frame).where(col(Frame.set_aside).is_not(None))).all() == []
    if what == "scene-0002":
        end_watch(place.store, 1)
        assert place.erase("scene:scene-0002").frames == 4


def test_leads_and_administrators_erase_and_nobody_else(place: Workplace) -> None:
    assert person_who("erases", Act.ERASE, place.store, None) == place.admin
    lead = a_person(place.store, "lena", PersonRole.LEAD)
    assert person_who("erases", Act.ERASE, place.store, "lena") == lead
    with pytest.raises(
        EraseRefused, match=r"Say who erases with --by NAME\. Leads and administrators may: lena, root"
    ):
        person_who("erases", Act.ERASE, place.store, None)
    with pytest.raises(EraseRefused, match="There is no account named 'zoe'"):
        person_who("erases", Act.ERASE, place.store, "zoe")
    a_person(place.store)
    with pytest.raises(NotAllowed, match="ada is an annotator and may not erase pictures"):
        erase(
            place.store,
            place.workspace,
            "scene-0001",
            why=WHY,
            person_id=person_who("erases", Act.ERASE, place.store, "ada"),
        )


def test_no_table_has_a_column_that_pictures_could_be_in() -> None:
    binary = [
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    ]
    assert binary == []


def test_the_grid_and_the_frame_say_erased_and_why(place: Workplace) -> None:
    first, second = frames_of("scene-0001")[:2]
    lead = a_person(place.store, "lena", PersonRole.LEAD)
    asked = from_address("levels=all&scene=scene-0001")
    assert {one.aside for one in find_frames(place.store, lead, asked).frames} == {None}
    place.erase(first)
    shown: dict[str, str | None] = {}
    ends_s = time.monotonic() + 10
    while (
        shown.get(first) is None and time.monotonic() < ends_s
    ):  # what the grid is found by is read beside it
        shown = {one.frame_id: one.aside for one in find_frames(place.store, lead, asked).frames}
    assert (shown[first], shown[second]) == ("erased", None)
    view = frame_view(place.store, lead, first)
    told = opened_frame(view, [], None, lambda frame_id, width_px: "")
    assert (told["aside"], told["state"]) == (f"Erased: {WHY}", None)
    assert first not in {one.id for one in frames_around(place.store, view.frame)}
    with pytest.raises(ReviewRefused, match="no longer reserved"):
        submit_review(place.store, a_person(place.store), a_decision(first))
