"""What a monitor keeps is blurred first; what cannot be blurred is not kept, and says so wherever it would be seen."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from annotator.monitor.console import door
from annotator.monitor.console import routes as console
from annotator.monitor.sources.recorded import Picture
from annotator.monitor.watching.clips import Clips, ClipState, OpenClip
from annotator.monitor.watching.clock import Clock
from annotator.monitor.watching.logbook import Logbook
from annotator.monitor.watching.watched_feed import Captured
from annotator.runtime import COOKIE
from data.blurring.blur import BlurRequest, blur
from data.blurring.detector import open_detector
from data.blurring.live import LiveBlurring
from data.hashing import sha256_hex
from data.live.clip_spool import Places, read_spool
from data.live.clips import CLIP_WITHHELD
from data.live.returned_frames import kept_picture
from data.people.accounts import sign_in
from data.store.opening import Store
from data.store.tables import Alert
from data.vocabulary import PersonRole, TriageLevel
from tests.annotator.monitor.watched_feeds import BRISK
from tests.builders import a_person, a_raw_reply, a_store
from tests.data.blurring.test_pixelation import likeness, noise, pixels
from tests.data.blurring.tiny_model import a_detector
from tests.data.feeds import START_US, a_watch

FACE = (8.0, 8.0, 56.0, 56.0, 0.9)


def white() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 180), "white").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def live(tmp_path: Path) -> LiveBlurring:
    return LiveBlurring(open_detector(a_detector(tmp_path / "faces.onnx", [FACE])))


def raised(number: int, content: bytes, watch_id: int, feed_id: int) -> Alert:
    at_us = START_US + number
    return Alert(
        id=f"{number:032x}",
        watch_id=watch_id,
        feed_id=feed_id,
        level=TriageLevel.TELEOPERATION,
        raw=a_raw_reply(TriageLevel.TELEOPERATION),
        reasoning="Cones narrow the lane.",
        action="Watch the feed.",
        image_sha256=sha256_hex(content),
        captured_at_us=at_us,
        asked_at_us=at_us,
        raised_at_us=at_us,
    )


def get(store: Store, monkeypatch: pytest.MonkeyPatch, address: str) -> tuple[int, bytes]:
    monkeypatch.setattr(door, "store", lambda: store)
    client = TestClient(Starlette(routes=console.ROUTES), base_url="http://testserver")
    answer = client.get(address, headers={"cookie": f"{COOKIE}={sign_in(store, 'olga', 'password-olga')}"})
    return answer.status_code, answer.content


def test_an_alert_keeps_its_picture_blurred_and_one_that_cannot_be_is_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live: LiveBlurring
) -> None:
    store = a_store(tmp_path)
    a_person(store, "olga", PersonRole.OPERATOR)
    watch = a_watch(store, tmp_path)
    book = Logbook(store, watch.watch_id, tmp_path / "monitor", live)
    contents = [noise(1), white()]
    for number, content in enumerate(contents):
        book.alert(raised(number, content, watch.watch_id, watch.feed_ids["van"]), content)
    book.write()
    with store.read() as session:
        kept, withheld = session.exec(select(Alert).order_by(Alert.id)).all()
    assert (kept.image_sha256 != sha256_hex(contents[0]), live.blurred, live.withheld) == (True, 1, 1)
    path = kept_picture(tmp_path / "monitor", kept.image_sha256)
    assert sha256_hex(path.read_bytes()) == kept.image_sha256
    assert abs(likeness(pixels(path.read_bytes())[60:120], pixels(contents[0])[60:120])) < 0.3
    assert [one.name for one in path.parent.glob("*.jpg")] == [path.name]
    assert get(store, monkeypatch, f"/monitor/picture/{kept.id}.jpg")[0] == 200
    status, said = get(store, monkeypatch, f"/monitor/picture/{withheld.id}.jpg")
    assert (status, b"Withheld, since it could not be blurred" in said) == (410, True)


def test_the_spool_of_a_clip_holds_blurred_pictures_alone(tmp_path: Path, live: LiveBlurring) -> None:
    clips = Clips(Places(tmp_path), 1, BRISK.model_copy(update={"clip_free_mb": 0}), Clock(), live)
    contents = [noise(1), white(), noise(2)]
    captured = [Captured(Picture(one), float(at), at) for at, one in enumerate(contents)]
    clip = OpenClip("a" * 32, 10.0, ClipState())
    clips._begin(clip, 0, captured)
    assert clip.spool is not None
    clip.spool.close(is_over=True)
    spooled = [content for _, content in read_spool(Places(tmp_path).spool(1, clip.alert_id))]
    assert (len(spooled), clip.withheld) == (2, 1)
    assert clip.state.why == "1 of its pictures were withheld: they could not be blurred."
    assert all(sha256_hex(one) not in map(sha256_hex, contents) for one in spooled)


def test_pictures_that_the_monitor_kept_unblurred_are_blurred_afterwards_and_their_clips_withheld(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live: LiveBlurring
) -> None:
    store = a_store(tmp_path)
    a_person(store, "olga", PersonRole.OPERATOR)
    admin = a_person(store, "root", PersonRole.ADMIN)
    watch, content = a_watch(store, tmp_path), noise(5)
    book = Logbook(store, watch.watch_id, tmp_path / "monitor")
    alert = raised(7, content, watch.watch_id, watch.feed_ids["van"])
    alert_id, sha256 = alert.id, alert.image_sha256
    book.alert(alert, content)
    book.write()
    address = f"/monitor/picture/{alert_id}.jpg"
    before = get(store, monkeypatch, address)[1]
    done = blur(
        store,
        tmp_path / "workspace",
        BlurRequest("Asked for.", ("van",), detector=live.detector),
        person_id=admin,
    )
    assert (done.pictures, done.not_blurred) == (1, {})
    after = get(store, monkeypatch, address)[1]
    inside = np.s_[60:120, 60:260]
    assert likeness(pixels(before)[inside], pixels(content)[inside]) > 0.9
    assert abs(likeness(pixels(after)[inside], pixels(content)[inside])) < 0.3
    assert kept_picture(tmp_path / "monitor", sha256).read_bytes() == content
    assert get(store, monkeypatch, f"/monitor/clip/{alert_id}.mp4") == (410, CLIP_WITHHELD.encode())
