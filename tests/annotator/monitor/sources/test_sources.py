"""Where pictures come from: real files, a real video, a real HTTP stream."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from annotator.monitor.sources import camera
from annotator.monitor.sources.camera import Camera
from annotator.monitor.sources.recorded import Folder, Picture, Replay, Source, recorded_scene
from data.errors import FeedError
from tests.annotator.monitor.watched_feeds import a_view
from tests.builders import a_store


class Seen:
    """What a source showed and said."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self.failures: list[str] = []
        self.times_s: list[float] = []

    def show(self, picture: Picture) -> None:
        self.pictures.append(picture)
        self.times_s.append(time.monotonic())

    def sizes(self) -> list[tuple[int, int]]:
        return [Image.open(io.BytesIO(picture.content)).size for picture in self.pictures]


def run(
    source: Source, enough: Callable[[Seen], object], meanwhile: Callable[[Seen], None] | None = None
) -> Seen:
    """Run a source until it has shown or said enough."""
    seen = Seen()

    async def watch() -> None:
        running = asyncio.create_task(source.run(seen.show, seen.failures.append))
        deadline = time.monotonic() + 30
        while not enough(seen):
            assert time.monotonic() < deadline, (len(seen.pictures), seen.failures)
            assert not running.done(), running.exception()
            await asyncio.sleep(0.02)
            if meanwhile is not None:
                meanwhile(seen)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(watch())
    return seen


def a_video(
    path: Path, *, codec: str = "mpeg4", size: tuple[int, int] = (320, 180), frames: int = 10, rate: int = 10
) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(frames):
            shade = np.full((size[1], size[0], 3), 20 * (number % 12), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_a_scene_is_replayed_at_its_own_pace_and_begins_again(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 3, "scene-0002": 3})
    frames = recorded_scene(store, "scene-0001")
    seen = run(Replay(frames, speed=10.0), lambda seen: len(seen.pictures) >= 5)
    ids = [picture.frame_id for picture in seen.pictures[:5]]
    assert ids == [frames[place % 3].frame_id for place in range(5)]
    assert (
        seen.times_s[3] - seen.times_s[0] >= 0.14
    )  # three keyframes, half a second apart, ten times as fast


def test_a_replay_that_begins_later_shows_what_comes_then(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 3, "scene-0002": 3})
    frames = recorded_scene(store, "scene-0001")
    seen = run(Replay(frames, begin_s=1.0), lambda seen: seen.pictures)
    assert seen.pictures[0].frame_id == frames[2].frame_id


def test_an_unknown_scene_is_named_with_some_that_there_are(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    with pytest.raises(
        FeedError, match="no scene called 'scene-9' in this store; it has scene-0001, scene-0002"
    ):
        recorded_scene(store, "scene-9")


def test_a_folder_shows_what_is_new_once_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "old.jpg").write_bytes(a_view(1))
    late = a_view(3)
    steps = iter([b"", late[:500], late[:900], late])

    def grows(seen: Seen) -> None:
        if time.monotonic() % 0.1 < 0.05:  # slower than the folder is looked at
            return
        part = next(steps, None)
        if part is not None:
            (tmp_path / "new.jpg").write_bytes(part)
            (tmp_path / "notes.txt").write_text("no picture")

    seen = run(Folder(tmp_path), lambda seen: any(one.content == late for one in seen.pictures), grows)
    assert a_view(1) not in [picture.content for picture in seen.pictures]
    assert seen.pictures[-1].stated_us is not None
    assert abs(seen.pictures[-1].stated_us / 1e6 - time.time()) < 60


def test_a_folder_that_goes_away_is_said_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "camera"

    def appears(seen: Seen) -> None:
        if seen.failures and not folder.exists():
            folder.mkdir()
        elif folder.exists() and len(seen.failures) == len(list(folder.iterdir())) + 1:
            time.sleep(0.3)
            (folder / f"{time.monotonic_ns()}.jpg").write_bytes(a_view(7))

    def writes(seen: Seen) -> None:
        appears(seen)
        if folder.exists():
            (folder / f"{time.monotonic_ns() // 100_000_000}.jpg").write_bytes(a_view(8))

    seen = run(Folder(folder), lambda seen: seen.pictures, writes)
    assert "cannot be read: No such file or directory" in seen.failures[0]


def test_a_picture_that_is_removed_while_its_folder_is_read_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    monkeypatch.setattr(Path, "is_file", lambda path: True)  # it was one a moment ago

    def comes(seen: Seen) -> None:
        if not (tmp_path / "new.jpg").exists():
            (tmp_path / "new.jpg").write_bytes(a_view(5))

    assert run(Folder(tmp_path), lambda seen: seen.pictures or seen.failures, comes).failures == []


def test_a_video_is_played_in_real_time_and_again(tmp_path: Path) -> None:
    video = a_video(tmp_path / "drive.mp4", frames=6)
    seen = run(Camera(str(video), frame_rate=100.0, is_file=True), lambda seen: len(seen.pictures) >= 8)
    assert seen.sizes()[:8] == [(320, 180)] * 8
    assert seen.times_s[5] - seen.times_s[0] >= 0.4
    assert seen.failures == []


def test_no_more_pictures_are_made_than_are_looked_at(tmp_path: Path) -> None:
    video = a_video(tmp_path / "fast.mp4", frames=30, rate=30)
    seen = run(Camera(str(video), frame_rate=5.0, is_file=True), lambda seen: len(seen.pictures) >= 4)
    assert seen.times_s[3] - seen.times_s[0] >= 0.4


def test_a_camera_that_somebody_looks_at_is_shown_at_its_own_rate_and_size(tmp_path: Path) -> None:
    video = a_video(tmp_path / "hd.mp4", size=(1920, 1080), frames=40, rate=10)
    source = Camera(str(video), frame_rate=1.0, is_file=True)
    source.look_closely()
    seen = run(source, lambda seen: len(seen.pictures) >= 10)
    assert seen.sizes()[1] == (1920, 1080)
    assert seen.times_s[9] - seen.times_s[0] < 5  # ten in nine seconds otherwise


def test_an_8k_camera_is_scaled_down_before_it_is_a_picture(tmp_path: Path) -> None:
    video = a_video(tmp_path / "roof.avi", codec="mjpeg", size=(7680, 4320), frames=1, rate=1)
    seen = run(Camera(str(video), frame_rate=30.0, is_file=True), lambda seen: seen.pictures)
    assert seen.sizes()[0] == (1600, 900)


def test_a_stream_whose_codec_changes_half_way_goes_on(tmp_path: Path) -> None:
    parts = [
        a_video(tmp_path / "a.ts", codec="mpeg2video", frames=25, rate=25),
        a_video(tmp_path / "b.ts", codec="mpeg4", size=(640, 360), frames=25, rate=25),
    ]
    served = iter([b"".join(part.read_bytes() for part in parts)])
    with a_server(lambda: next(served, parts[1].read_bytes())) as address:
        seen = run(Camera(address, frame_rate=100.0), lambda seen: (640, 360) in seen.sizes())
    assert seen.sizes()[0] == (320, 180)


def test_a_file_that_is_no_video_is_said_in_one_sentence_and_tried_again(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is not a video" * 100)
    seen = run(Camera(str(broken), frame_rate=2.0, is_file=True), lambda seen: len(seen.failures) >= 2)
    assert seen.failures[0].startswith("The stream broke: Invalid data found")
    assert "\n" not in seen.failures[0]


def test_a_video_cut_short_shows_what_there_is(tmp_path: Path) -> None:
    video = a_video(tmp_path / "cut.ts", codec="mpeg2video", frames=30, rate=30)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    seen = run(Camera(str(video), frame_rate=100.0, is_file=True), lambda seen: len(seen.pictures) >= 5)
    assert seen.sizes()[0] == (320, 180)


def test_a_camera_that_ends_its_stream_is_opened_again(tmp_path: Path) -> None:
    video = a_video(tmp_path / "live.ts", codec="mpeg2video", frames=50, rate=25).read_bytes()
    asked: list[int] = []

    def stream() -> bytes:
        asked.append(1)
        return video

    with a_server(stream) as address:
        seen = run(
            Camera(address, frame_rate=100.0), lambda seen: len(asked) >= 2 and len(seen.pictures) >= 6
        )
    assert seen.failures[0].startswith("The stream ")


def test_a_camera_that_nobody_answers_for_is_said(tmp_path: Path) -> None:
    seen = run(Camera("http://127.0.0.1:9/none", frame_rate=2.0), lambda seen: seen.failures)
    assert seen.failures[0] == "The stream broke: Connection refused."


def test_a_camera_that_lets_itself_be_called_and_says_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera, "OPEN_TIMEOUT_S", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/front"
        seen = run(Camera(address, frame_rate=2.0), lambda seen: seen.failures)
    assert seen.failures[0] == "The stream broke: it did not open within 0.4 s."


@contextmanager
def a_server(stream: Callable[[], bytes]) -> Iterator[str]:
    """An HTTP camera on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = stream()
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/front.ts"
    finally:
        server.shutdown()
        server.server_close()
