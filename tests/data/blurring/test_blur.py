"""Once pictures are blurred nothing shows the originals: no route, no model, no export, no file of the workspace."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from annotator.monitor.sources.recorded import recorded_scene
from annotator.pictures import routes as picture_routes
from annotator.pictures.signed_addresses import WIDTHS_PX, ImageRequest, image_address
from annotator.runtime import COOKIE
from data.alike.embed import embed_locally
from data.alike.frames import pictured_frames
from data.alike.vectors import current_vectors
from data.blurring import blur as blurring
from data.blurring.blur import Blurred, BlurRequest, blur
from data.blurring.detector import open_detector
from data.blurring.regions import Region, regions_of_boxes
from data.erasure.erase import erase
from data.errors import BlurRefused, EraseRefused, NotAllowed
from data.frames.cue_sheets import write_cue_sheets
from data.frames.ingest import ingest
from data.frames.sampling import sample_frames
from data.hashing import file_hash
from data.images.model_picture import model_picture_file
from data.label_studio.tasks import reviewed_tasks
from data.maintenance.trail_check import verify_trail
from data.moments.around import boxes_of_frame, cameras_of_frame
from data.moments.before import moment_before, place_of
from data.moments.files import MomentFiles
from data.overview.frame_history import frame_view
from data.people.accounts import sign_in
from data.pictures.blurred import FOLDER, WITHHELD
from data.pictures.shown import shown_pictures
from data.proposals.asking import due_frames, endpoint_run
from data.proposals.recorded_replies import propose_from_replies
from data.snapshot.freeze import FreezeOptions, each_entry
from data.sources.nuscenes import nuscenes
from data.store.opening import Store
from data.store.tables import BlurredPicture, Blurring, Frame, SampledFrame
from data.verification.status import refresh_statuses
from data.vlm.moment import Lookback
from data.vlm.request import default_sampling
from data.vocabulary import ModelRole, PersonRole, Split, TrailAct
from eval.throughput.stored_images import stored_images
from tests.builders import (
    VERSION,
    A,
    S,
    a_box,
    a_dataroot,
    a_filename,
    a_person,
    a_raw_reply,
    an_empty_store,
    frames_of,
    replies_file,
    reviewed,
)
from tests.data.blurring.test_pixelation import likeness, noise, pixels
from tests.data.blurring.tiny_model import a_detector
from tests.data.proposals.requests import a_request
from tests.dataroots import with_moments

SCENES = {"scene-0001": 3, "scene-0002": 2}
WHY = "The road is public."
PERSON = a_box(category="human.pedestrian.adult", ahead_m=9.7, left_m=1.0)
CAR = a_box(category="vehicle.car", ahead_m=11.7, left_m=-2.0)
FACE = (10.0, 18.0, 20.0, 30.0, 0.9)
SIZE = (320, 180)


@dataclass
class Workplace:
    store: Store
    workspace: Path
    dataroot: Path
    admin: int

    def blur(self, *subjects: str, **more: Any) -> Blurred:
        asked = BlurRequest(WHY, subjects, **more)
        return blur(self.store, self.workspace, asked, person_id=self.admin)

    def frames(self) -> list[Frame]:
        with self.store.read() as session:
            return list(session.exec(select(Frame).order_by(Frame.scene_id, col(Frame.position))))

    def original(self, frame: Frame) -> Path:
        return self.dataroot / frame.filename

    def shown(self) -> dict[str, Path]:
        with self.store.read() as session:
            pictures = shown_pictures(session)
            return {one.id: pictures.of(one).path for one in session.exec(select(Frame))}

    def rows(self) -> list[BlurredPicture]:
        with self.store.read() as session:
            return list(session.exec(select(BlurredPicture).order_by(col(BlurredPicture.id))))


def build(folder: Path) -> Workplace:
    """A small store in which people and cars are annotated in every frame, every picture is noise, and people and
    models have said something."""
    names = [a_filename(scene, at) for scene, frames in SCENES.items() for at in range(frames)]
    dataroot = a_dataroot(folder / "dataroot", scenes=SCENES, boxes={name: [PERSON, CAR] for name in names})
    with_moments(dataroot, "scene-0001", between=1)
    _twice_as_large(dataroot / VERSION)
    for number, path in enumerate(sorted(dataroot.rglob("*.jpg"))):
        path.write_bytes(noise(number, SIZE))
    store = an_empty_store(folder / "workspace")
    ingest(store, nuscenes(dataroot, VERSION))
    sample_frames(store, train=5, held_out=5, seed=0)
    for role, level in ((ModelRole.TEACHER, S), (ModelRole.STUDENT, A)):
        said = replies_file(folder / f"{role}.jsonl", {one: a_raw_reply(level) for one in names}, role=role)
        propose_from_replies(store, said, role=role)
    refresh_statuses(store)
    ada = a_person(store)
    with store.read() as session:
        training = session.exec(select(SampledFrame.frame_id).where(SampledFrame.split == Split.TRAIN)).all()
    for frame_id in training:
        reviewed(store, ada, frame_id, S)
    return Workplace(store, folder / "workspace", dataroot, a_person(store, "root", PersonRole.ADMIN))


def _twice_as_large(tables: Path) -> None:
    """Let the tables state pictures of SIZE, and a camera that sees the same in them."""
    for name, key, value in (
        ("sample_data", "width", SIZE[0]),
        ("sample_data", "height", SIZE[1]),
        ("calibrated_sensor", "camera_intrinsic", [[253.28, 0, 163.26], [0, 253.28, 98.3], [0, 0, 1]]),
    ):
        rows = [{**row, key: value} for row in json.loads((tables / f"{name}.json").read_text())]
        (tables / f"{name}.json").write_text(json.dumps(rows))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return build(tmp_path)


@pytest.fixture(scope="module")
def blurred(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A workplace in which everything was blurred after the app and models had made something of the originals."""
    there = build(tmp_path_factory.mktemp("blurred"))
    for frame in there.frames():
        sha256 = str(frame.image_sha256)
        kept = there.workspace / "images" / f"{sha256}-400.jpg"
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(there.original(frame).read_bytes())
        model_picture_file(there.original(frame), there.workspace / "model_pictures", width_px=320)
        (there.workspace / "images" / f"{'ab' * 32}-400.jpg").write_bytes(there.original(frame).read_bytes())
    embed_locally(there.store, there.workspace)
    done = there.blur(detector=open_detector(a_detector(there.workspace.parent / "faces.onnx", [FACE])))
    assert (done.pictures, done.before, done.not_blurred, done.without) == (5, 0, {}, 0)
    assert (done.regions, done.files, done.vectors) == (15, 11, 5)
    assert done.proposals == 10
    return there


def regions(place: Workplace, frame: Frame) -> list[Region]:
    with place.store.read() as session:
        at = place_of(session, frame.id)
    assert at is not None
    boxes = boxes_of_frame(MomentFiles(place.workspace, wait_s=60), at)
    return [*regions_of_boxes(boxes, SIZE), Region(50, 20, 100, 80)]


def shows_nobody(content: bytes, place: Workplace, frame: Frame) -> bool:
    """Whether a picture shows nothing of what the original has inside the frame's regions, and is the frame's."""
    shown = np.asarray(Image.open(io.BytesIO(content)).convert("L").resize(SIZE), dtype=np.float64)
    original = pixels(place.original(frame).read_bytes())
    cuts = [np.s_[one.top : one.bottom, one.left : one.right] for one in regions(place, frame)]
    found = [abs(likeness(shown[cut], original[cut])) for cut in cuts]
    outside = likeness(shown[130:, 240:], original[130:, 240:])
    return max(found) < 0.3 and outside > 0.8


def given_away(place: Workplace) -> Iterator[tuple[str, str, Path]]:
    """(who takes it, frame id, file) of every picture that anything in the project opens."""
    by_path = {path: frame_id for frame_id, path in place.shown().items()}
    with place.store.read() as session:
        for one in pictured_frames(session):
            yield "alike", one.frame_id, one.image
        for entry in each_entry(session, FreezeOptions()):
            if isinstance(entry, tuple):
                yield "snapshot", entry[0].frame_id, entry[1][-1]
        for task in reviewed_tasks(session, ""):
            yield "label studio", task["data"]["frame_id"], place.workspace / task["data"]["image"]
    for path in stored_images(place.store):
        yield "throughput", by_path[path], path
    for scene in SCENES:
        for frame in recorded_scene(place.store, scene):
            yield "replay", str(frame.frame_id), frame.image
    looking_back = replace(default_sampling(ModelRole.STUDENT), lookback=Lookback(2, 0.5))
    asked = a_request("http://127.0.0.1:1", sampling=looking_back)
    for due in due_frames(place.store, endpoint_run(place.store, asked)):
        for path in (due.asked.image, *(one.picture for one in due.asked.earlier)):
            yield "propose", by_path[path], path


def test_every_reader_of_pictures_is_given_the_copies(blurred: Workplace) -> None:
    frames, originals = {one.id: one for one in blurred.frames()}, set()
    for path in blurred.dataroot.rglob("*.jpg"):
        originals.add(file_hash(path))
    seen: dict[str, set[str]] = {}
    for reader, frame_id, path in given_away(blurred):
        assert file_hash(path) not in originals, (reader, path)
        assert path.parent == (blurred.workspace / FOLDER).resolve(), (reader, path)
        seen.setdefault(reader, set()).add(frame_id)
    assert {one: len(ids) for one, ids in seen.items()} == {
        "alike": 5,
        "snapshot": 3,
        "label studio": 3,
        "throughput": 5,
        "replay": 5,
        "propose": 5,
    }
    for frame_id, path in blurred.shown().items():
        assert shows_nobody(path.read_bytes(), blurred, frames[frame_id])


def test_the_picture_route_serves_copies_and_nothing_beside_them(
    blurred: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_routes, "store", lambda: blurred.store)
    monkeypatch.setattr(picture_routes, "workspace", lambda: blurred.workspace)
    routes = [Route("/frame/{frame_id:str}.jpg", picture_routes.frame_route)]
    client = TestClient(Starlette(routes=routes), base_url="http://testserver")
    client.cookies.set(COOKIE, sign_in(blurred.store, "root", "password-root") or "")
    key = blurred.store.secret("images")
    for frame in (blurred.frames()[0], blurred.frames()[-1]):
        for width in WIDTHS_PX:
            for _ in range(2):  # made, then kept
                answer = client.get(image_address(key, ImageRequest(frame.id, blurred.admin, width)))
                assert (answer.status_code, shows_nobody(answer.content, blurred, frame)) == (200, True)
        others = [frame.filename, *(one.relative_to(blurred.dataroot).as_posix() for one in beside(blurred))]
        for file in others:
            answer = client.get(image_address(key, ImageRequest(frame.id, blurred.admin, 0, file)))
            assert (answer.status_code, answer.text) == (410, WITHHELD)


def beside(place: Workplace) -> list[Path]:
    own = {place.original(one) for one in place.frames()}
    return [path for path in place.dataroot.rglob("*.jpg") if path not in own]


def test_sweeps_and_other_cameras_are_withheld_with_words(blurred: Workplace) -> None:
    files = MomentFiles(blurred.workspace, wait_s=60)
    with blurred.store.read() as session:
        at = place_of(session, frames_of("scene-0001")[2])
    assert at is not None
    moment, cameras = moment_before(files, at), cameras_of_frame(files, at)
    assert (moment.sweeps, moment.note, [one.frame_id for one in moment.pictures]) == (
        0,
        WITHHELD,
        frames_of("scene-0001")[:3],
    )
    assert (cameras.there, cameras.note) == ([], WITHHELD)


def test_originals_stay_and_nothing_else_in_the_workspace_shows_them(blurred: Workplace) -> None:
    for frame in blurred.frames():
        assert file_hash(blurred.original(frame)) == frame.image_sha256
    originals = {file_hash(path) for path in blurred.dataroot.rglob("*.jpg")}
    left = [path for path in blurred.workspace.rglob("*.jpg") if file_hash(path) in originals]
    assert left == []
    write_cue_sheets(blurred.store, blurred.workspace / "sheets")
    embed_locally(blurred.store, blurred.workspace)
    vectors = current_vectors(blurred.workspace)
    assert vectors is not None
    assert len(vectors.frame_ids) == 5
    again = blurred.blur()
    assert (again.pictures, again.before, again.vectors) == (0, 5, 0)


def test_who_blurred_what_by_which_detector_stands_in_the_trail_and_cannot_be_changed(
    blurred: Workplace,
) -> None:
    with blurred.store.read() as session:
        act = session.exec(select(Blurring)).one()
        assert (act.person_id, act.why, act.detector, act.subject) == (blurred.admin, WHY, "faces.onnx", "")
        report = verify_trail(session)
    assert (report.breaks, TrailAct.BLURRED_PICTURES.value) == ([], "blurred_pictures")
    assert {(one.regions, one.boxes, one.blurring_id) for one in blurred.rows()} == {(3, 2, act.id)}
    for statement in ("UPDATE blurred_picture SET regions = 0", "DELETE FROM blurring"):
        with pytest.raises(DBAPIError, match="never changed"), blurred.store.engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_proposals_from_before_are_named_and_those_asked_since_are_not(blurred: Workplace) -> None:
    lead = a_person(blurred.store, "lena", PersonRole.LEAD)
    view = frame_view(blurred.store, lead, frames_of("scene-0001")[0])
    assert view.asked_unblurred == {row.id for row, _ in view.proposals}
    assert len(view.asked_unblurred) == 2


def test_without_a_detector_boxes_are_blurred_and_another_call_adds_what_a_detector_sees(
    place: Workplace,
) -> None:
    first = place.blur("scene-0001")
    assert (first.pictures, first.regions, first.boxed) == (3, 6, 3)
    of_boxes = place.shown()
    assert place.blur("scene-0001").pictures == 0
    detector = open_detector(a_detector(place.workspace.parent / "faces.onnx", [FACE]))
    second = place.blur(detector=detector)
    assert (second.pictures, second.before) == (5, 0)
    now = place.shown()
    for frame in place.frames():
        assert shows_nobody(now[frame.id].read_bytes(), place, frame)
        assert now[frame.id] != of_boxes[frame.id]
    assert sorted(path.name for path in (place.workspace / FOLDER).glob("*.jpg")) == sorted(
        path.name for path in now.values()
    )
    assert place.blur(detector=detector).pictures == 0


def test_pictures_that_cannot_be_blurred_are_counted_and_a_lost_copy_is_never_replaced_by_the_original(
    place: Workplace,
) -> None:
    frames = place.frames()
    place.original(frames[0]).write_bytes(noise(99, SIZE))
    white = io.BytesIO()
    Image.new("RGB", SIZE, "white").save(white, "JPEG")
    place.original(frames[1]).write_bytes(white.getvalue())
    ingest(place.store, nuscenes(place.dataroot, VERSION), recheck=True)
    place.original(frames[0]).write_bytes(noise(100, SIZE))
    detector = open_detector(a_detector(place.workspace.parent / "faces.onnx", [FACE]))
    done = place.blur(detector=detector)
    assert done.pictures == 3
    assert sorted(done.not_blurred.values()) == [1, 1]
    assert any("ingest --recheck" in one for one in done.not_blurred)
    assert any("numbers that are none" in one for one in done.not_blurred)
    shown = place.shown()
    shown[frames[2].id].unlink()
    assert place.shown()[frames[2].id] == shown[frames[2].id]
    assert "its copy is gone" in next(iter(place.blur(frames[2].id).not_blurred))
    assert place.blur(frames[2].id, detector=detector).pictures == 1
    assert shown[frames[2].id].is_file()


def test_what_cannot_be_asked_for_is_refused_and_writes_nothing(place: Workplace) -> None:
    zoe = a_person(place.store, "zoe")
    with pytest.raises(NotAllowed):
        blur(place.store, place.workspace, BlurRequest(WHY), person_id=zoe)
    with pytest.raises(EraseRefused, match="'nowhere' is neither"):
        place.blur("nowhere")
    with pytest.raises(BlurRefused, match="Say why"):
        blur(place.store, place.workspace, BlurRequest("  "), person_id=place.admin)
    rehearsed = place.blur(is_rehearsal=True)
    assert (rehearsed.due, rehearsed.boxed, rehearsed.pictures) == (5, 5, 0)
    assert place.rows() == []
    assert not (place.workspace / FOLDER).exists()


def test_erasing_a_blurred_frame_takes_its_copies_too(place: Workplace) -> None:
    place.blur()
    frame = place.frames()[0]
    copy = place.shown()[frame.id]
    kept = model_picture_file(copy, place.workspace / "model_pictures", width_px=320)
    erase(place.store, place.workspace, frame.id, why=WHY, person_id=place.admin)
    assert (copy.exists(), kept.exists(), place.original(frame).exists()) == (False, False, True)
    assert all(path.exists() for frame_id, path in place.shown().items() if frame_id != frame.id)


def test_what_is_stopped_half_way_is_shown_blurred_so_far_and_the_same_call_goes_on(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blurring, "GROUP", 2)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    asked = BlurRequest(WHY)
    with pytest.raises(KeyboardInterrupt):
        blur(place.store, place.workspace, asked, person_id=place.admin, progress=stop)
    shown = [path.parent.name == FOLDER for path in place.shown().values()]
    assert (sum(shown), len(place.rows())) == (2, 2)
    again = place.blur()
    assert (again.before, again.pictures, len(place.rows())) == (2, 3, 5)
