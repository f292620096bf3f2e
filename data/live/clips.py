"""Use cases around an alert's clip: where it is, and letting old ones go."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from data.live.clip_spool import Made, Places
from data.live.record import DATA_SET
from data.pictures.blurred import blurred_copy, scenes_with_blurred
from data.store.opening import Store
from data.store.tables import Alert, AlertClip, Dataset, Erasure, Frame, ReturnedFrame
from data.store.trail import note_act
from data.vocabulary import TrailAct

DAY_US = 86_400_000_000
CLIP_WITHHELD = "Pictures of this moment were blurred; the clip shows them as they were and is withheld."


def clip_row(made: Made, now_us: int) -> AlertClip:
    """What became of an alert's pictures, as the store keeps it."""
    return AlertClip(
        alert_id=made.alert_id,
        sha256=made.sha256,
        bytes=made.bytes,
        frames=made.frames,
        first_at_us=made.first_us,
        last_at_us=made.last_us,
        detail=made.detail,
        written_at_us=now_us,
    )


@dataclass(frozen=True)
class KeptClip:
    """An alert's clip. `path`: None where there is none (any more); `why`: then the reason, else what is missing.
    `is_withheld`: a person had it erased, or pictures that it shows blurred."""

    path: Path | None
    first_us: int | None
    why: str | None
    is_withheld: bool = False


def clip_of(session: Session, alert_id: str) -> KeptClip | None:
    """The clip of an alert; None where the store knows of none (yet)."""
    row = session.get(AlertClip, alert_id)
    if row is None:
        return None
    if (why := why_erased(session, row.erasure_id)) is not None:
        return KeptClip(None, row.first_at_us, why, is_withheld=True)
    if shows_blurred(session, alert_id):
        return KeptClip(None, row.first_at_us, CLIP_WITHHELD, is_withheld=True)
    if row.removed_at_us is not None:
        return KeptClip(
            None, row.first_at_us, "The clip was removed: it was old, or the clips took too much room."
        )
    if row.sha256 is None:
        return KeptClip(None, None, row.detail)
    return KeptClip(clips_folder(session).clip(row.alert_id), row.first_at_us, row.detail)


def why_erased(session: Session, erasure_id: int | None) -> str | None:
    """What is shown in place of an erased picture of an alert; None where it was not erased."""
    row = session.get(Erasure, erasure_id) if erasure_id is not None else None
    return f"Erased: {row.why}" if row is not None else None


def shows_blurred(session: Session, alert_id: str) -> bool:
    """Whether pictures around an alert were blurred afterwards: its own, or any of the drive that it replays or of what
    came back from its feed in that watch."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        return False
    if blurred_copy(session, alert.image_sha256) is not None:
        return True
    came = select(Frame.scene_id).join(ReturnedFrame, col(ReturnedFrame.frame_id) == Frame.id)
    came = came.where(ReturnedFrame.watch_id == alert.watch_id, ReturnedFrame.feed_id == alert.feed_id)
    scenes = set(session.exec(came.where(col(ReturnedFrame.is_new))))
    scenes |= set(session.exec(select(Frame.scene_id).where(Frame.id == alert.source_frame_id)))
    return bool(scenes_with_blurred(session, scenes))


def clips_folder(session: Session) -> Places:
    """Where the monitor's clips lie."""
    return Places(Path(session.exec(select(Dataset.dataroot).where(Dataset.name == DATA_SET)).one()))


def remove_clips(store: Store, places: Places, *, keep_days: float, most_bytes: int, now_us: int) -> int:
    """Delete clips older than so many days, then the oldest of those that take too much room together; how many.

    The hash of each goes into the audit trail, which gives it the time. Raises OSError for a file that cannot be
    deleted: nothing is written then.
    """
    with store.write() as session:
        query = select(AlertClip).where(
            col(AlertClip.sha256).is_not(None), col(AlertClip.removed_at_us).is_(None)
        )
        kept = list(session.exec(query.order_by(col(AlertClip.written_at_us).desc()).with_for_update()))
        going = list(_going(kept, now_us - int(keep_days * DAY_US), most_bytes))
        for row in going:
            places.clip(row.alert_id).unlink(missing_ok=True)
            shutil.rmtree(places.moment(row.alert_id), ignore_errors=True)
            row.removed_at_us = now_us
            details = {"sha256": row.sha256, "bytes": row.bytes, "written_at_us": row.written_at_us}
            subject = f"alert_clip:{row.alert_id}"
            note_act(session, TrailAct.REMOVED_CLIP, by=None, subject=subject, details=details)
        return len(going)


def _going(newest_first: Iterable[AlertClip], before_us: int, most_bytes: int) -> Iterable[AlertClip]:
    room = most_bytes
    for row in newest_first:
        room -= row.bytes
        if row.written_at_us < before_us or room < 0:
            yield row


def strays(session: Session, places: Places, now_us: int) -> list[Path]:
    """Files a day old or more that belong to no clip: of alerts never written, or half written when something died."""
    known = set(session.exec(select(AlertClip.alert_id).where(col(AlertClip.removed_at_us).is_(None))))
    there = [*places.clips.iterdir()] if places.clips.is_dir() else []
    return [path for path in there if path.name.partition(".")[0] not in known and _is_old(path, now_us)]


def _is_old(path: Path, now_us: int) -> bool:
    return path.stat().st_mtime_ns // 1000 < now_us - DAY_US
