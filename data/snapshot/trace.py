"""Where a verified frame or a pair comes from: pair -> verified -> acts -> proposals -> runs -> frame -> dataset."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from data.errors import SnapshotError, TraceError
from data.frames.addresses import frame_named, frame_shown_as
from data.frames.origins import origin_of
from data.pictures.blurred import ASKED_UNBLURRED, blurred_copy
from data.proposals.asked_unblurred import asked_unblurred
from data.snapshot.folder import MANIFEST, find_pair
from data.store.opening import Store
from data.store.tables import (
    Adjudication,
    Dataset,
    Feed,
    Frame,
    FrameStatus,
    LabelStudioAnnotation,
    ModelRun,
    Person,
    Proposal,
    ReturnedFrame,
    Review,
    SampledFrame,
    Scene,
    Watch,
)
from data.verification.standing import adjudications_by_frame, reviews_by_frame


def trace(store: Store, address: str, *, snapshots: Path | None = None) -> dict[str, Any]:
    """Everything behind one frame, as plain values in the order of the chain.

    address: a frame id or its beginning, an image file name, `scene-0103 frame 17`, or a pair id of a snapshot below
    the folder `snapshots`.
    Raises TraceError if nothing answers to it.
    """
    pair, unread = _pair(address, snapshots)
    with store.read() as session:
        wanted = pair["frame_id"] if pair else address
        frame = frame_named(session, wanted) or frame_shown_as(session, wanted)
        if frame is None:
            raise TraceError(
                f"{address!r} is neither a frame's id, nor an image's file name, nor a scene and "
                f"number ('scene-0103 frame 17'), nor a known pair's id.{_told(unread)}"
            )
        chain = {"pair": pair} if pair else {}
        unread_snapshots = {"snapshots_not_read": [{"reason": reason} for reason in unread]} if unread else {}
        return {**chain, **_chain(session, frame), **unread_snapshots}


def _told(unread: list[str]) -> str:
    return f" {len(unread)} snapshots could not be read: {unread[0]}" if unread else ""


def _pair(address: str, snapshots: Path | None) -> tuple[dict[str, Any] | None, list[str]]:
    """The pair of that id in the newest snapshot that has it, and why which snapshots could not be read. Only the
    lines that name it are read."""
    folders = [path.parent for path in snapshots.glob(f"*/{MANIFEST}")] if snapshots else []
    unread = []
    for folder in sorted(folders, reverse=True):
        try:
            manifest, pair = find_pair(folder, address)
        except SnapshotError as error:
            unread.append(str(error))
            continue
        if pair is not None:
            shown = pair.model_dump(mode="json", include={"pair_id", "frame_id", "weight", "review_ids"})
            levels = {"chosen": pair.chosen_level.value, "rejected": pair.rejected_level.value}
            found = {"snapshot": str(folder), "snapshot_hash": manifest.snapshot_hash, **shown, **levels}
            return found, unread
    return None, unread


def _chain(session: Session, frame: Frame) -> dict[str, Any]:
    people = {person.id: person for person in session.exec(select(Person))}
    status, sampled = session.get(FrameStatus, frame.id), session.get(SampledFrame, frame.id)
    adjudication = adjudications_by_frame(session, [frame.id]).get(frame.id)
    reviews = reviews_by_frame(session, [frame.id]).get(frame.id, [])
    origins = _origins(session, reviews)
    return {
        "verified": {"state": status.state.value, "level": _value(status.level)} if status else None,
        "adjudication": _adjudication(adjudication, people) if adjudication else None,
        "reviews": [_review(review, people, origins.get(review.id)) for review in reviews],
        "proposals": _proposals(session, frame),
        **_feed(session, frame),
        **({"generated": origin.as_dict()} if (origin := origin_of(session, frame.id)) else {}),
        "frame": _frame(session, frame, sampled),
    }


def _feed(session: Session, frame: Frame) -> dict[str, Any]:
    """The live feed that a frame came back from, if any."""
    came = session.get(ReturnedFrame, frame.id)
    if came is None:
        return {}
    watch = session.get_one(Watch, came.watch_id)
    run = session.get_one(ModelRun, watch.run_id)
    link = {
        "name": session.get_one(Feed, came.feed_id).name,
        "why": came.why.value,
        "watch": watch.id,
        "model": run.model,
        "revision": run.revision,
        "snapshot": watch.snapshot,
        "alert": came.alert_id,
        "inclusion_probability": came.inclusion_probability,
        "when": _when(came.returned_at_us),
    }
    return {"feed": link}


def _value(level: Any) -> str | None:
    return None if level is None else str(level.value)


def _when(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, tz=UTC).isoformat(timespec="seconds")


def _who(person: Person) -> str:
    return f"{person.name} ({'script' if person.is_scripted else person.role.value})"


def _adjudication(row: Adjudication, people: dict[int | None, Person]) -> dict[str, Any]:
    return {
        "id": row.id,
        "who": _who(people[row.person_id]),
        "when": _when(row.adjudicated_at_us),
        "level": row.level.value,
        "reason": row.reason,
    }


def _origins(session: Session, reviews: list[Review]) -> dict[int | None, LabelStudioAnnotation]:
    """Where the reviews come from that were made in Label Studio, by review id."""
    ids = [review.id for review in reviews]
    query = select(LabelStudioAnnotation).where(col(LabelStudioAnnotation.review_id).in_(ids))
    return {row.review_id: row for row in session.exec(query)}


def _review(
    row: Review, people: dict[int | None, Person], origin: LabelStudioAnnotation | None
) -> dict[str, Any]:
    return {
        "id": row.id,
        "who": _who(people[row.person_id]),
        "when": _when(row.reviewed_at_us),
        "mode": row.mode.value,
        "shown_proposal": row.proposal_id,
        "first_level": _value(row.first_level),
        "level": row.level.value,
        "verdict": _value(row.verdict),
        "own_words": row.reasoning is not None,
        "seconds": row.seconds_shown,
        "guideline": row.guideline_version,
        "supersedes": row.supersedes_id,
        "unsure": bool(row.is_unsure),
        "unconfirmed": bool(row.is_unconfirmed),
        "stack": row.stack,
        "taken_back": bool(row.is_taken_back),
        "from": _from(origin) if origin else None,
    }


def _from(origin: LabelStudioAnnotation) -> str:
    task = f", task {origin.task_id}" if origin.task_id is not None else ""
    return f"{origin.source}{task}, by {origin.author} at {_when(origin.changed_at_us)}"


def _proposals(session: Session, frame: Frame) -> list[dict[str, Any]]:
    query = (
        select(Proposal, ModelRun)
        .join(ModelRun, col(ModelRun.id) == Proposal.run_id)
        .where(Proposal.frame_id == frame.id)
        .order_by(col(Proposal.id))
    )
    rows = session.exec(query).all()
    unblurred = asked_unblurred(session, frame, rows)
    return [
        {
            "id": proposal.id,
            "picture": ASKED_UNBLURRED if proposal.id in unblurred else None,
            "level": _value(proposal.level),
            "failure": _value(proposal.failure),
            "run": run.name,
            "role": run.role.value,
            "model": run.model,
            "revision": run.revision,
            "source": run.source,
            "question": run.question_hash,
            "parameters": run.parameters,
            "earlier_frames": proposal.earlier_frame_ids,
            "when": _when(proposal.answered_at_us),
        }
        for proposal, run in rows
    ]


def _frame(session: Session, frame: Frame, sampled: SampledFrame | None) -> dict[str, Any]:
    scene = session.get_one(Scene, frame.scene_id)
    dataset = session.get_one(Dataset, scene.dataset_id)
    copy = blurred_copy(session, frame.image_sha256)
    return {
        "id": frame.id,
        "filename": frame.filename,
        "image_sha256": frame.image_sha256,
        "shown_blurred_as": copy.sha256 if copy else None,
        "set_aside": frame.set_aside_detail,
        "scene": scene.name,
        "position": frame.position,
        "split": _value(sampled.split) if sampled else None,
        "inclusion_probability": sampled.inclusion_probability if sampled else None,
        "dataset": dataset.name,
        "dataroot": dataset.dataroot,
    }


def trace_text(chain: dict[str, Any]) -> str:
    """The chain for reading at a terminal, one link per paragraph."""
    parts = []
    for name, link in chain.items():
        links = link if isinstance(link, list) else [link]
        for number, one in enumerate(links, start=1):
            title = f"{name} {number}" if isinstance(link, list) else name
            parts.append(f"{title}\n" + _lines(one))
        if not links:
            parts.append(f"{name}\n  none")
    return "\n".join(parts)


def _lines(link: dict[str, Any] | None) -> str:
    if link is None:
        return "  none"
    return "\n".join(f"  {key:22} {value}" for key, value in link.items() if value is not None)
