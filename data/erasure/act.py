"""The act of an erasure in the store, and what it means for files."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, delete, select

from data.erasure.files import Going
from data.erasure.holders import backups_before
from data.erasure.monitor import left_of_no_alert, monitor_folder, refuse_while_watched
from data.erasure.reach import Reach, originals, origins, reach_of
from data.erasure.subject import Subject
from data.images.inspection import leads_inside
from data.live.clip_spool import Places
from data.live.returned_frames import FRAMES
from data.store.tables import AlertClip, BlurredPicture, Erasure, Frame, Lease
from data.store.trail import note_act
from data.verification.status import refresh
from data.vocabulary import ErasureKind, SetAside, TrailAct

RENDITIONS = "images"


@dataclass(frozen=True)
class PlannedErasure:
    """What the act has fixed: the row, and what is to be done with files. `outside`: files that hold a picture and do
    not lie in the workspace."""

    erasure: Erasure
    is_new: bool
    subject: Subject
    reach: Reach
    outside: list[Path]
    monitor: Path | None
    going: Going
    backups: list[str]


def write_erasure(
    session: Session, workspace: Path, subject: Subject, why: str, person_id: int, now_us: int
) -> PlannedErasure:
    """The act with everything that follows from it in the store, and what it means for files."""
    reach = reach_of(session, subject)
    refuse_while_watched(session, subject, reach, now_us)
    frames = [one for one in reach.frames if one.set_aside is not SetAside.ERASED]
    alerts = [one for one in reach.alerts if one.erasure_id is None]
    row, is_new = _row(session, subject, why, person_id, now_us, frames=len(frames), alerts=len(alerts))
    for frame in frames:
        frame.set_aside, frame.set_aside_detail = SetAside.ERASED, row.why
    for alert in alerts:
        alert.erasure_id = row.id
    _let_clips_go(session, reach, row, now_us)
    session.flush()
    ids = [one.id for one in reach.frames]
    session.exec(delete(Lease).where(col(Lease.frame_id).in_(ids)))
    refresh(session, ids)
    pictures, monitor = originals(session, reach.frames), monitor_folder(session)
    going = _going(session, workspace, subject, reach, pictures, monitor)
    sources = [*pictures.values(), *sorted(origins(session, reach.frames))]
    outside = [path for path in sources if not leads_inside(path, workspace)]
    backups = backups_before(session, row.erased_at_us)
    return PlannedErasure(row, is_new, subject, reach, outside, monitor, going, backups)


def _row(
    session: Session, subject: Subject, why: str, person_id: int, now_us: int, *, frames: int, alerts: int
) -> tuple[Erasure, bool]:
    """The row of the act, and whether it is new: where nothing is left to erase, the one that stands."""
    query = select(Erasure).where(Erasure.kind == subject.kind, Erasure.subject_key == subject.key)
    before = session.exec(query.order_by(col(Erasure.id).desc()).limit(1)).first()
    if before is not None and not frames and not alerts:
        return before, False
    row = Erasure(
        kind=subject.kind,
        subject_key=subject.key,
        why=why,
        frames=frames,
        alerts=alerts,
        person_id=person_id,
        erased_at_us=now_us,
    )
    session.add(row)
    session.flush()
    return row, True


def _let_clips_go(session: Session, reach: Reach, row: Erasure, now_us: int) -> None:
    for alert_id in sorted(reach.clips):
        clip = session.get(AlertClip, alert_id)
        if clip is None or clip.erasure_id is not None:
            continue
        clip.erasure_id = row.id
        if clip.sha256 is not None and clip.removed_at_us is None:
            clip.removed_at_us = now_us
            details = {"sha256": clip.sha256, "bytes": clip.bytes, "written_at_us": clip.written_at_us}
            subject = f"alert_clip:{alert_id}"
            note_act(session, TrailAct.REMOVED_CLIP, by=row.person_id, subject=subject, details=details)


def _going(
    session: Session,
    workspace: Path,
    subject: Subject,
    reach: Reach,
    pictures: dict[str, Path],
    monitor: Path | None,
) -> Going:
    """Whatever holds a picture of the reach below the workspace; with a feed also what the monitor left there of no
    alert."""
    staying = set(
        session.exec(select(Frame.image_sha256).where(col(Frame.set_aside).is_distinct_from(SetAside.ERASED)))
    )
    paths = {path.resolve() for path in pictures.values() if leads_inside(path, workspace)}
    if monitor is not None:
        paths |= {monitor / FRAMES / f"{one}.jpg" for one in reach.hashes}
        if subject.kind is ErasureKind.FEED:
            paths |= left_of_no_alert(session, Places(monitor), staying)
    hashes = reach.hashes - staying
    hashes |= _of_copies(session, hashes)
    return Going(
        names=hashes | reach.clips | {one.id for one in reach.frames},
        hashes=frozenset(hashes),
        paths=frozenset(paths),
        scenes=frozenset(one.scene_id for one in reach.frames),
        renditions=workspace / RENDITIONS,
        staying=frozenset(one for one in staying if one),
    )


def _of_copies(session: Session, hashes: Set[str]) -> set[str]:
    """The hashes of all blurred copies that were ever made of pictures: what was made of those goes too."""
    query = select(BlurredPicture.image_sha256, BlurredPicture.blurred_sha256)
    return {blurred for original, blurred in session.exec(query) if original in hashes}
