"""Clips around alerts, from a picture's arrival to the row in the store."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from annotator.monitor.service.board import board
from annotator.monitor.service.figures import prometheus_text
from annotator.monitor.sources.camera import Camera
from annotator.monitor.sources.recorded import Picture
from annotator.monitor.watching.clips import Clips, ClipState
from annotator.monitor.watching.clock import Clock
from annotator.monitor.watching.ring import Ring
from annotator.monitor.watching.watched_feed import Captured
from data.images.timed_clip import read_timed_clip
from data.live.clip_process import NICE
from data.live.clip_spool import Places, read_spool
from data.store.opening import Store
from data.store.tables import Alert, AlertClip
from data.vocabulary import ManualReason, TriageLevel
from tests.annotator.monitor.sources.test_sources import a_server, a_video
from tests.annotator.monitor.watched_feeds import BRISK, Desk, a_view, watch
from tests.faults.small_disk import NoSmallDisk, small_disk
from tests.repository import ROOT
from tests.stores import an_empty_store

A, S, T = TriageLevel
KILLED = """
import asyncio, sys
from pathlib import Path
from data.store.opening import open_store
from data.vocabulary import TriageLevel
from tests.annotator.monitor.watched_feeds import watch
from tests.annotator.monitor.watching.test_clips import raised, state

async def scenario(desk):
    alert = await raised(desk)
    await desk.until(lambda: state(desk, alert).state == "early")
    await asyncio.to_thread(desk.monitor.feeds.logbook.write)
    await desk.picture(TriageLevel.TELEOPERATION)
    print(alert, desk.monitor.feeds.clips.maker.pid, flush=True)
    await asyncio.sleep(60)

folder = Path(sys.argv[1])
watch(open_store(folder / "workspace"), folder, scenario, keep_clips_days=30)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return an_empty_store(tmp_path / "workspace")


def clips(desk: Desk) -> Clips:
    assert desk.monitor.feeds.clips is not None
    return desk.monitor.feeds.clips


async def raised(desk: Desk, feed: str = "van") -> str:
    await desk.picture(A, feed)
    await desk.picture(A, feed)
    await desk.picture(T, feed)
    await desk.until(lambda: desk.feed(feed).alert)  # on a busy machine the question may begin a moment later
    alert = desk.feed(feed).alert
    assert alert is not None
    return alert.id


def state(desk: Desk, alert: str) -> ClipState:
    found = clips(desk).state(alert)
    assert found is not None
    return found


def weight_of(pid: int | None) -> tuple[int, int, bool]:
    """A process's niceness, and where Linux weighs sessions its session's, and whether others run as they wake up."""
    session = Path(f"/proc/{pid}/autogroup")
    nice = os.getpriority(os.PRIO_PROCESS, pid or 0)
    if not session.exists():
        return nice, nice, True
    return nice, int(session.read_text().split()[-1]), os.sched_getscheduler(pid or 0) == os.SCHED_IDLE


async def clip_of(desk: Desk, alert: str) -> AlertClip:
    """The alert's row once its window is over."""
    clips(desk).tick(desk.monitor.feeds.clock.now_s() + 8)
    await desk.until(lambda: state(desk, alert).state == "whole")
    found: AlertClip = next(row for row in desk.written(AlertClip) if row.alert_id == alert)
    return found


def test_an_alert_has_a_clip_a_moment_later_and_the_whole_one_when_its_window_is_over(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "not there yet"

    async def scenario(desk: Desk) -> None:
        alert = await raised(desk)
        await desk.until(lambda: state(desk, alert).state == "early")
        assert weight_of(clips(desk).maker.pid) == (NICE, NICE, True)
        (shown,) = board(desk.monitor)["alerts"]
        assert shown["clip"]["state"] == "early"
        assert 0 <= shown["clip"]["before_s"] < 7
        assert Places(folder).early_clip(alert).is_file()
        await desk.picture(T)
        clips(desk).tick(desk.monitor.feeds.clock.now_s() + 8)
        await desk.until(lambda: state(desk, alert).state == "whole")
        (row,) = desk.written(AlertClip)
        content = Places(folder).clip(alert).read_bytes()
        assert (row.sha256, row.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
        assert row.detail.startswith("There is no picture from before")  # the watch had only just begun
        pictures = list(read_timed_clip(Places(folder).clip(alert), row.first_at_us))
        (raised_by,) = desk.written(Alert)
        assert len(pictures) == row.frames == 4
        assert min(abs(at_us - raised_by.captured_at_us) for at_us, _ in pictures) <= 1000
        assert not Places(folder).early_clip(alert).exists()
        assert 'teletriage_monitor_clips_total{outcome="lacking"} 1.0' in prometheus_text(desk.monitor)

    watch(store, folder, scenario, keep_clips_days=30)
    assert not list(folder.glob("spool/*/*.*"))


def test_a_disk_without_room_costs_the_clip_says_so_and_costs_nothing_else(
    store: Store, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        alert = await raised(desk)
        await desk.until(lambda: state(desk, alert).state == "none")
        assert "clips leave 1,000,000,000 MB free" in board(desk.monitor)["alerts"][0]["clip"]["why"]
        (row,) = desk.written(Alert)
        assert (tmp_path / "frames" / f"{row.image_sha256}.jpg").is_file()
        clips(desk).tick(desk.monitor.feeds.clock.now_s() + 8)
        await desk.until(lambda: desk.written(AlertClip))
        (clip,) = desk.written(AlertClip)
        assert (clip.sha256, clip.frames) == (None, 0)
        assert "clips leave 1,000,000,000 MB free" in clip.detail

    limits = BRISK.model_copy(update={"clip_free_mb": 10**9})
    watch(store, tmp_path, scenario, limits=limits, keep_clips_days=30)


def test_a_disk_that_fills_up_in_mid_clip_costs_what_comes_after_and_nothing_else(
    store: Store, tmp_path: Path
) -> None:
    large = [a_view(1000 + number, size=(1280, 720)) for number in range(2)]

    async def scenario(desk: Desk) -> None:
        alert = await raised(desk)
        await desk.until(lambda: state(desk, alert).state == "early")
        assert desk.written(Alert)
        disk.fill(leave_bytes=8192)
        await desk.picture(T, content=large[0])  # of which only the beginning has room
        await desk.until(lambda: state(desk, alert).why)
        (shown,) = board(desk.monitor)["alerts"]
        assert (shown["clip"]["state"], shown["clip"]["why"]) == ("early", "No space left on device.")
        disk.make_room()
        await desk.picture(T, content=large[1])
        other = await raised(desk, "gate")
        row, whole = await clip_of(desk, alert), await clip_of(desk, other)
        assert (row.frames, row.detail) == (3, "No space left on device.")
        assert (whole.frames, "No space" in (whole.detail or "")) == (3, False)
        stills = [disk.folder / "frames" / f"{one.image_sha256}.jpg" for one in desk.written(Alert)]
        assert [path.is_file() for path in stills] == [True, True]

    limits = BRISK.model_copy(update={"clip_free_mb": 0})
    try:
        with small_disk(8) as disk:
            watch(store, disk.folder, scenario, feeds=("van", "gate"), limits=limits, keep_clips_days=30)
    except NoSmallDisk as nowhere:
        pytest.skip(str(nowhere))


def test_a_video_that_ends_inside_the_window_and_a_clock_that_jumps_lose_no_picture_that_came(
    store: Store, tmp_path: Path
) -> None:
    video = a_video(tmp_path / "short.ts", codec="mpeg2video", frames=50, rate=25).read_bytes()
    streams = iter([video])

    async def ends(desk: Desk) -> str:
        """A camera's stream that is over before the window is."""
        desk.model.otherwise, hand = T, desk.hands["van"]
        assert hand.show is not None
        assert hand.fail is not None
        with a_server(lambda: next(streams, b"")) as address:
            playing = asyncio.create_task(Camera(address, frame_rate=30.0).run(hand.show, hand.fail))
            await desk.until(lambda: desk.feed().detail and desk.feed().alert)
            playing.cancel()
        return desk.feed().alert.id  # type: ignore[union-attr]

    async def jumps(desk: Desk) -> str:
        """A camera that says an hour ago, and then tomorrow."""
        alert = await raised(desk, "gate")
        for apart_us in (-3_600_000_000, 86_400_000_000):
            await desk.picture(T, "gate", stated_us=desk.monitor.feeds.clock.now_us() + apart_us)
            desk.monitor.trust.judge_all()
            assert desk.feed("gate").manual is ManualReason.CLOCKS_APART
        return alert

    async def scenario(desk: Desk) -> None:
        short, jumped = await ends(desk), await jumps(desk)
        first, second = await clip_of(desk, short), await clip_of(desk, jumped)
        assert first.frames == desk.feed().pictures > 0
        assert "The feed's last picture is from" in (first.detail or "")
        assert second.frames == 5
        assert 0 < (second.last_at_us or 0) - (second.first_at_us or 0) < 60_000_000

    watch(store, tmp_path, scenario, feeds=("van", "gate"), keep_clips_days=30)


def test_of_a_feed_with_a_picture_every_five_seconds_the_window_holds_three(tmp_path: Path) -> None:
    """The clock of a computer that is set while it runs changes nothing: times are steady ones."""

    async def scenario() -> list[int]:
        clock = Clock()
        kept = Clips(Places(tmp_path), 1, BRISK.model_copy(update={"clip_free_mb": 0}), clock)
        now_s = clock.now_s()
        for second in (-10.0, -5.0, 0.0, 5.0, 10.0):
            kept.tick(now_s + second)
            kept.add("van", Captured(Picture(a_view(int(second) + 10)), now_s + second, 0))
            if not second:
                kept.raised("van", "slow", now_s)
        kept.tick(now_s + 10.0)
        await asyncio.to_thread(kept._writer.shutdown)
        kept.maker.close(0.0)
        spooled = read_spool(Places(tmp_path).spool(1, "slow"))
        assert spooled.is_over
        return [round((at_us - clock.wall_us(now_s)) / 1e6) for at_us, _ in spooled]

    assert asyncio.run(scenario()) == [-5, 0, 5]


def test_without_clips_an_alert_is_what_it_was(store: Store, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await raised(desk)
        assert board(desk.monitor)["alerts"][0]["clip"] is None
        await asyncio.sleep(0)

    watch(store, tmp_path, scenario)
    assert not (tmp_path / "clips").exists()
    assert not (tmp_path / "spool").exists()


def test_what_came_before_a_kill_becomes_a_clip_at_the_next_start(store: Store, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as monitor:
        assert monitor.stdout is not None
        alert, maker = monitor.stdout.readline().split()
        os.kill(int(maker), signal.SIGKILL)  # both at once, as when the machine's memory is full
        monitor.kill()
    spool = next(tmp_path.glob("spool/*/*.pictures"))
    pictures = [at_us for at_us, _ in read_spool(spool)]
    assert len(pictures) == 4
    with spool.open("ab") as torn:
        torn.write(b"\1" * 20)  # a picture that was cut off

    async def scenario(desk: Desk) -> None:
        await desk.until(lambda: desk.written(AlertClip))

    watch(store, tmp_path, scenario, keep_clips_days=30)
    with store.read() as session:
        row = session.get_one(AlertClip, alert)
    assert (row.frames, row.first_at_us, row.last_at_us) == (4, pictures[0], pictures[-1])
    assert "The monitor ended" in (row.detail or "")
    assert Places(tmp_path).clip(alert).is_file()
    assert not list(tmp_path.glob("spool/*/*.*"))


def held(ring: Ring, feed: str) -> list[float]:
    return [one.captured_s for one in ring.since(feed, 0.0)]


def test_the_ring_holds_ten_seconds_of_each_feed_and_so_many_bytes_of_all() -> None:
    ring = Ring(most_bytes=1000)
    for second in range(15):
        for feed in ("van", "gate"):
            ring.add(feed, Captured(Picture(b"x" * 10), float(second), second))
    assert held(ring, "van") == [float(one) for one in range(4, 15)]
    assert [one.captured_s for one in ring.since("gate", 12.0)] == [12.0, 13.0, 14.0]
    assert (ring.bytes, ring.pictures) == (220, 22)
    ring.add("van", Captured(Picture(b"x" * 900), 15.0, 15))
    assert ring.bytes <= 1000
    assert held(ring, "van") == [float(one) for one in range(10, 16)]  # both feeds keep the same stretch
    assert held(ring, "gate") == [float(one) for one in range(10, 15)]
    ring.add("van", Captured(Picture(b"x" * 2000), 16.0, 16))
    assert (ring.bytes, held(ring, "van"), held(ring, "nobody")) == (0, [], [])
