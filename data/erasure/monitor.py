"""The monitor's part of an erasure: where its pictures lie, what it left of no alert, and not while it runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlmodel import Session, col, select

from data.erasure.reach import Reach
from data.erasure.subject import Subject
from data.errors import EraseRefused
from data.live.clip_spool import Places
from data.live.record import DATA_SET, current_watch
from data.live.returned_frames import FRAMES
from data.store.tables import Alert, Dataset, Feed, Scene, Watch
from data.vocabulary import ErasureKind, FeedKind
from data.whole_files import locked

_SIGN_OF_LIFE_US = 60_000_000


def monitor_folder(session: Session) -> Path | None:
    dataset = session.exec(select(Dataset).where(Dataset.name == DATA_SET)).first()
    return Path(dataset.dataroot).resolve() if dataset is not None else None


def refuse_while_watched(session: Session, subject: Subject, reach: Reach, now_us: int) -> None:
    """A monitor that runs has the last seconds of its feeds in memory and would write them afterwards."""
    watch, folder = current_watch(session), monitor_folder(session)
    if watch is None or folder is None or watch.ended_at_us is not None:
        return
    if subject.kind is not ErasureKind.FEED and not reach.clips and not _is_replayed(session, reach):
        return
    if _is_alive(watch, Places(folder), now_us):
        raise EraseRefused(
            f"The monitor is running and has pictures of {subject.words} in memory. Stop it, run the same command "
            "again, then start it anew. Nothing was erased."
        )


def _is_alive(watch: Watch, places: Places, now_us: int) -> bool:
    """Where clips are kept, a lock tells; else the latest sign of life."""
    spool = places.spools / str(watch.id)
    if not spool.is_dir():
        return now_us - watch.seen_at_us < _SIGN_OF_LIFE_US
    lock = locked(spool)
    if lock is None:
        return True
    lock.close()
    return False


def _is_replayed(session: Session, reach: Reach) -> bool:
    scenes = {one.scene_id for one in reach.frames}
    names = set(session.exec(select(Scene.name).where(col(Scene.id).in_(scenes))))
    replays = session.exec(select(Feed.source).where(Feed.kind == FeedKind.REPLAY))
    return any(name in source for source in replays for name in names)


def left_of_no_alert(session: Session, places: Places, staying: Iterable[str | None]) -> set[Path]:
    """What a monitor that was killed left behind: pictures, clips and spools that no row of the store names."""
    rows = session.exec(select(Alert.id, Alert.image_sha256)).all()
    ids, hashes = {one for one, _ in rows}, {one for _, one in rows} | set(staying)
    spools = places.spools.glob("*/*.*")
    moments = places.moment("x").parent.glob("*/*")
    return {
        *(path for path in (places.pictures / FRAMES).glob("*.jpg") if path.stem not in hashes),
        *(path for path in (*places.clips.glob("*"), *spools) if path.name.partition(".")[0] not in ids),
        *(path for path in moments if path.parent.name not in ids),
    }
