"""Clips of alerts as files and rows: what is whole of a spool, what a clip lacks, what is removed or goes to review."""

from __future__ import annotations

import hashlib
import resource
from pathlib import Path

import pytest
from sqlmodel import select

from data.images.timed_clip import read_timed_clip
from data.live.alerts import AlertAnswer, answer_alert
from data.live.clip_process import make_early, make_whole
from data.live.clip_spool import Made, Places, Spool, read_made, read_spool, shortfall
from data.live.clips import DAY_US, clip_of, clip_row, remove_clips, strays
from data.live.frame_moments import feed_moment
from data.live.record import Entries, record
from data.live.returned_frames import return_disagreements
from data.maintenance.check import check_store
from data.moments.before import moment_before, place_of
from data.moments.files import MomentFiles
from data.store.opening import Store
from data.store.tables import Alert, AlertClip, Frame, ReturnedFrame, TrailEntry
from data.vocabulary import PersonRole, Response, TrailAct
from data.whole_files import locked
from tests.builders import a_person, a_picture, a_store
from tests.data.feeds import a_watch, an_alert
from tests.stores import an_empty_store

RISEN_US = 1_700_000_000_000_000
FEW = {"scene-0001": 2, "scene-0002": 2}


def at(*seconds: float) -> list[int]:
    """Times around the alert, in microseconds."""
    return [RISEN_US + round(one * 1e6) for one in seconds]


def a_spool(places: Places, alert: str, times_us: list[int], *, is_over: bool = True) -> Path:
    path = places.spool(1, alert)
    spool = Spool(path, RISEN_US)
    for number, at_us in enumerate(times_us):
        spool.append([(at_us, a_picture(colour=(9 * number % 200, 90, 90)))])
    spool.close(is_over=is_over)
    return path


def test_a_spool_gives_what_is_whole_of_it_wherever_it_was_cut_off(tmp_path: Path) -> None:
    path = a_spool(Places(tmp_path), "a", at(-1, 0, 1))
    whole = path.read_bytes()
    spooled = read_spool(path)
    assert (spooled.risen_us, spooled.is_over, [one for one, _ in spooled]) == (RISEN_US, True, at(-1, 0, 1))
    assert [content for _, content in spooled][1] == a_picture(colour=(9, 90, 90))
    found = set()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        cut = read_spool(path)
        assert not cut.is_over
        assert [one for one, _ in cut] == at(-1, 0, 1)[: len(cut.pictures)]
        found.add(len(cut.pictures))
    assert found == {0, 1, 2, 3}


def test_a_picture_that_fits_only_in_part_is_refused_and_nothing_is_written_behind_it(
    tmp_path: Path,
) -> None:
    path, picture = tmp_path / "a.pictures", a_picture()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    spool = Spool(path, RISEN_US)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12 + 2 * len(picture), hard))
    try:
        with pytest.raises(OSError, match="No space left on device"):
            spool.append([(at_us, picture) for at_us in at(-1, 0, 1)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    spool.close(is_over=True)
    spooled = read_spool(path)
    assert ([one for one, _ in spooled], spooled.is_over) == (at(-1), False)


@pytest.mark.parametrize(
    ("seconds", "is_over", "unreadable", "said"),
    [
        ([one / 2 for one in range(-14, 15)], True, 0, None),
        ([-5, 0, 5], True, 0, None),  # a feed of 0.2 frames per second
        ([one / 2 for one in range(-14, 5)], True, 0, "The feed's last picture is from 2 s after the alert."),
        ([one / 2 for one in range(-4, 15)], True, 0, "There is no picture from before 2 s before the alert."),
        ([one / 2 for one in range(-14, 1)], False, 0,
         "The monitor ended right after a picture from the moment of the alert."),
        ([one / 2 for one in range(-14, 15)], True, 3, "3 of its pictures cannot be decoded."),
    ],
)  # fmt: skip
def test_what_a_clip_lacks_is_said(
    seconds: list[float], is_over: bool, unreadable: int, said: str | None
) -> None:
    assert shortfall(RISEN_US, at(*seconds), is_over=is_over, unreadable=unreadable) == said


def test_a_feed_of_a_picture_every_five_seconds_plays_as_long_as_it_took(tmp_path: Path) -> None:
    places = Places(tmp_path)
    spool = a_spool(places, "slow", at(-5, 0, 5))
    assert make_early(places, spool, {}) is None
    assert make_whole(places, spool, {}) is None
    made = read_made(spool.with_suffix(".json"))
    assert (made.frames, made.first_us, made.last_us, made.detail) == (3, at(-5)[0], at(5)[0], None)
    assert [one for one, _ in read_timed_clip(places.clip("slow"), made.first_us or 0)] == at(-5, 0, 5)
    assert not spool.exists()
    assert not places.early_clip("slow").exists()


def test_pictures_that_nobody_can_decode_make_no_clip_and_say_so(tmp_path: Path) -> None:
    places = Places(tmp_path)
    spool = Spool(places.spool(1, "junk"), RISEN_US)
    spool.append([(RISEN_US, b"no picture")])
    spool.close(is_over=True)
    assert make_whole(places, places.spool(1, "junk"), {}) is None
    made = read_made(places.spool(1, "junk").with_suffix(".json"))
    assert (made.sha256, made.detail) == (None, "None of the pictures can be decoded.")


def test_a_disk_that_takes_no_clip_leaves_the_pictures_for_the_next_time(tmp_path: Path) -> None:
    places = Places(tmp_path)
    spool = a_spool(places, "a", at(0))
    places.clips.touch()  # where the folder should be
    assert make_whole(places, spool, {}) == "File exists."
    assert len(read_spool(spool).pictures) == 1
    places.clips.unlink()
    assert make_whole(places, spool, {}) is None


def test_a_watchs_folder_is_held_for_as_long_as_a_process_of_it_lives(tmp_path: Path) -> None:
    held = locked(tmp_path / "1")
    assert held is not None
    assert locked(tmp_path / "1") is None
    held.close()
    assert locked(tmp_path / "1") is not None


def with_clip(store: Store, places: Places, alert: str, times_us: list[int], *, written_us: int) -> AlertClip:
    spool = a_spool(places, alert, times_us)
    assert make_whole(places, spool, {}) is None
    row = clip_row(read_made(spool.with_suffix(".json")), written_us)
    kept = AlertClip.model_validate(row.model_dump())
    record(store, 1, Entries(clips=[row]))
    return kept


@pytest.mark.each_store
def test_what_is_removed_leaves_its_hash_in_the_trail(tmp_path: Path) -> None:
    store, places = an_empty_store(tmp_path / "w"), Places(tmp_path / "monitor")
    watch = a_watch(store, tmp_path)
    old, large, new = (an_alert(store, watch) for _ in range(3))
    now_us = RISEN_US + 40 * DAY_US
    first = with_clip(store, places, old, at(0), written_us=now_us - 31 * DAY_US)
    with_clip(store, places, large, at(0), written_us=now_us - 2 * DAY_US)
    last = with_clip(store, places, new, at(0), written_us=now_us - DAY_US)
    assert remove_clips(store, places, keep_days=30, most_bytes=10**9, now_us=now_us) == 1
    assert remove_clips(store, places, keep_days=30, most_bytes=last.bytes, now_us=now_us) == 1
    assert remove_clips(store, places, keep_days=30, most_bytes=last.bytes, now_us=now_us) == 0
    assert [places.clip(one).exists() for one in (old, large, new)] == [False, False, True]
    with store.read() as session:
        entries = session.exec(select(TrailEntry).where(TrailEntry.act == TrailAct.REMOVED_CLIP)).all()
        gone, there = clip_of(session, old), clip_of(session, new)
    assert [one.subject for one in entries] == [f"alert_clip:{old}", f"alert_clip:{large}"]
    assert hashlib.sha256(b"").hexdigest() != first.sha256
    assert first.sha256 is not None
    assert first.sha256 in entries[0].details
    assert gone is not None
    assert (gone.path, gone.why) == (
        None,
        "The clip was removed: it was old, or the clips took too much room.",
    )
    assert there is not None
    assert there.path == places.clip(new)
    assert check_store(store).damages == []


def test_a_clip_of_an_alert_that_was_never_written_is_a_stray_after_a_day(tmp_path: Path) -> None:
    store, places = an_empty_store(tmp_path / "w"), Places(tmp_path / "monitor")
    a_watch(store, tmp_path)
    record(store, 1, Entries(clips=[clip_row(Made("0" * 32, "ab"), RISEN_US)]))
    places.clips.mkdir(parents=True)
    places.clip("0" * 32).touch()
    written_us = places.clip("0" * 32).stat().st_mtime_ns // 1000
    with store.read() as session:
        assert session.exec(select(AlertClip)).all() == []
        assert strays(session, places, written_us + DAY_US // 2) == []
        assert strays(session, places, written_us + 2 * DAY_US) == [places.clip("0" * 32)]


def test_a_frame_that_came_back_has_the_pictures_before_it(tmp_path: Path) -> None:
    store, places = a_store(tmp_path, scenes=FEW, teacher=None, student=None), Places(tmp_path / "monitor")
    a_person(store, "olga", PersonRole.OPERATOR)
    watch = a_watch(store, tmp_path)
    alert = an_alert(store, watch, folder=tmp_path)
    given = AlertAnswer(token="answer-of-olga", alert_id=alert, response=Response.NOT_NEEDED, reason="Fine")
    answer_alert(store, 1, given)
    return_disagreements(store)
    with store.read() as session:
        risen_us = session.get_one(Alert, alert).captured_at_us
        frame = session.get_one(Frame, session.exec(select(ReturnedFrame.frame_id)).one())
        others = session.exec(select(Frame).where(Frame.id != frame.id)).first()
        before = feed_moment(session, frame, reach_us=3_000_000)
        assert others is not None
        assert feed_moment(session, others, reach_us=3_000_000) is None
    assert before is not None
    assert (before.pictures, (before.note or "").partition(":")[0]) == ([], "There is no clip of this moment")
    times_us = [risen_us + round(one * 1e6) for one in (-4, -2, -1, 0, 1)]
    with_clip(store, places, alert, times_us, written_us=risen_us)
    with store.read() as session:
        moment = feed_moment(session, frame, reach_us=3_000_000)
    assert moment is not None
    assert [at_us - risen_us for at_us, _ in moment.pictures] == [-2_000_000, -1_000_000]
    assert all((places.pictures / name).is_file() for _, name in moment.pictures)
    with store.read() as session:
        place = place_of(session, frame.id)
    assert place is not None
    played = moment_before(MomentFiles(tmp_path), place)
    assert [one.before_us for one in played.pictures] == [2_000_000, 1_000_000, 0]
    remove_clips(store, places, keep_days=0, most_bytes=10**9, now_us=risen_us + 1)
    assert not places.moment(alert).exists()
