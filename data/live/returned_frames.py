"""Use case: frames of live feeds come back into review, with where they come from. Nothing here is verified: they
wait for people like every other frame.

A frame of a camera belongs to a scene of its own (one per feed and watch) on the training side. A frame that a
replay showed, or whose bytes the store holds already, is that frame of the store: it stays in its scene, and on a
held-out or undrawn scene it is left alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlmodel import Session, and_, col, func, or_, select

from data.frames.cues import frame_cues, unknown_cues
from data.images.inspection import ImageFacts, ImageRefused, inspect_image
from data.live.record import DATA_SET
from data.proposals.runs import record_reply
from data.store.opening import Store
from data.store.tables import (
    Alert,
    Dataset,
    Feed,
    Frame,
    ModelRun,
    OperatorAnswer,
    Proposal,
    ReturnedFrame,
    SampledFrame,
    Sampling,
    Scene,
    Watch,
)
from data.verification.status import refresh
from data.vocabulary import Response, ReturnedFor, SetAside, Split, storable_text

FRAMES = "frames"
_PLACE_US = 500_000
"""nuScenes' keyframes are half a second apart; places in a scene of a feed count the same steps."""


class Outcome(StrEnum):
    """What became of a frame that was to come back."""

    RETURNED = "returned"
    THERE = "there already"
    HELD_OUT = "of a held-out scene, left alone"
    NOT_DRAWN = "of a scene without a side, left alone"
    NOTHING_SAMPLED = "waiting until frames are sampled"


@dataclass(frozen=True)
class Candidate:
    """A frame that should come back: where and when it was taken, what the model said, and why it matters.

    `inclusion_probability`: of a frame that chance picked; None where something about it did.
    """

    watch_id: int
    feed_id: int
    captured_at_us: int
    image_sha256: str
    raw: str
    level_probabilities: list[float] | None
    why: ReturnedFor
    inclusion_probability: float | None = None
    alert_id: str | None = None
    source_frame_id: str | None = None


def kept_picture(pictures: Path, image_sha256: str) -> Path:
    """Where the picture of a frame is kept below the monitor's folder."""
    return pictures / FRAMES / f"{image_sha256}.jpg"


def withheld_note(pictures: Path, image_sha256: str) -> Path:
    """Where it says why a picture was not kept that should have been blurred first."""
    return kept_picture(pictures, image_sha256).with_suffix(".withheld")


def why_withheld(pictures: Path, image_sha256: str) -> str | None:
    """Why a picture was not kept; None for any other."""
    try:
        return storable_text(withheld_note(pictures, image_sha256).read_text(encoding="utf-8"))
    except OSError:
        return None


def return_disagreements(store: Store) -> list[Outcome]:
    """Bring back the frame of every alert that an operator answered with another level than the model's.

    The same call again brings nothing twice; frames left alone are asked about again, for the split may be drawn.
    """
    with store.read() as session:
        alerts = session.exec(_answered_otherwise()).all()
    return [return_frame(store, _disagreement(alert)) for alert in alerts]


def _answered_otherwise() -> Any:
    """The alerts whose latest answer is another level, without those whose frame is back. The database picks them:
    months of answers that agree are not fetched again at every new one."""
    latest = select(func.max(OperatorAnswer.id)).group_by(col(OperatorAnswer.alert_id))
    back = select(ReturnedFrame.alert_id).where(col(ReturnedFrame.alert_id).is_not(None))
    otherwise = [
        and_(col(OperatorAnswer.response) == response, col(Alert.level) != response.level)
        for response in Response
    ]
    return (
        select(Alert)
        .join(OperatorAnswer, col(OperatorAnswer.alert_id) == Alert.id)
        .where(col(OperatorAnswer.id).in_(latest), col(Alert.id).not_in(back), or_(*otherwise))
        .where(col(Alert.erasure_id).is_(None))
        .order_by(col(OperatorAnswer.id))
    )


def _disagreement(alert: Alert) -> Candidate:
    return Candidate(
        watch_id=alert.watch_id,
        feed_id=alert.feed_id,
        captured_at_us=alert.captured_at_us,
        image_sha256=alert.image_sha256,
        raw=alert.raw,
        level_probabilities=alert.level_probabilities,
        why=ReturnedFor.DISAGREEMENT,
        alert_id=alert.id,
        source_frame_id=alert.source_frame_id,
    )


def return_frame(store: Store, candidate: Candidate) -> Outcome:
    """Bring one frame into the order of review, once."""
    with store.write() as session:
        sampling = session.exec(select(Sampling).limit(1)).first()
        if sampling is None:
            return Outcome.NOTHING_SAMPLED
        frame, is_new = _frame(session, candidate)
        scene = session.get_one(Scene, frame.scene_id)
        if session.get(ReturnedFrame, frame.id) is not None:
            return Outcome.THERE
        if scene.split is not Split.TRAIN:
            return Outcome.HELD_OUT if scene.split is Split.HELD_OUT else Outcome.NOT_DRAWN
        _write(session, store.now_us(session), frame, candidate, int(sampling.id or 0), is_new=is_new)
        return Outcome.RETURNED


def _write(
    session: Session, now_us: int, frame: Frame, candidate: Candidate, sampling_id: int, *, is_new: bool
) -> None:
    if session.get(SampledFrame, frame.id) is None:
        session.add(
            SampledFrame(
                frame_id=frame.id,
                sampling_id=sampling_id,
                split=Split.TRAIN,
                inclusion_probability=candidate.inclusion_probability,
            )
        )
    proposal = _proposal(session, frame, candidate, now_us)
    session.add(
        ReturnedFrame(
            frame_id=frame.id,
            watch_id=candidate.watch_id,
            feed_id=candidate.feed_id,
            alert_id=candidate.alert_id,
            proposal_id=proposal.id,
            why=candidate.why,
            is_new=is_new,
            inclusion_probability=candidate.inclusion_probability,
            returned_at_us=now_us,
        )
    )
    session.flush()
    refresh(session, [frame.id])


def _proposal(session: Session, frame: Frame, candidate: Candidate, now_us: int) -> Proposal:
    """What the monitor's model said of the frame, as a proposal of its run."""
    run = session.get_one(ModelRun, session.get_one(Watch, candidate.watch_id).run_id)
    query = select(Proposal).where(Proposal.run_id == run.id, Proposal.frame_id == frame.id)
    proposal = session.exec(query).first() or record_reply(
        session,
        run,
        frame.id,
        candidate.raw,
        now_us=now_us,
        level_probabilities=candidate.level_probabilities,
    )
    session.flush()
    return proposal


def _frame(session: Session, candidate: Candidate) -> tuple[Frame, bool]:
    """The store's own frame that the feed showed, or a new one; and whether it is new to the feeds' dataset."""
    if candidate.source_frame_id is not None:
        return session.get_one(Frame, candidate.source_frame_id), False
    known = session.exec(select(Frame).where(Frame.image_sha256 == candidate.image_sha256)).first()
    if known is not None:
        return known, session.get_one(Scene, known.scene_id).location == "live feed"
    scene, dataset = _scene(session, candidate)
    path = kept_picture(Path(dataset.dataroot), candidate.image_sha256)
    facts, reason, detail = _inspected(path)
    if reason is SetAside.IMAGE_MISSING:
        detail = why_withheld(Path(dataset.dataroot), candidate.image_sha256) or detail
    shown = frame_cues([], facts, "")
    watch = session.get_one(Watch, candidate.watch_id)
    frame = Frame(
        id=_id("frame", candidate.watch_id, candidate.feed_id, candidate.captured_at_us),
        scene_id=scene.id,
        position=max(0, candidate.captured_at_us - watch.started_at_us) // _PLACE_US,
        captured_at_us=candidate.captured_at_us,
        filename=str(path.relative_to(dataset.dataroot)),
        width_px=facts.width_px if facts else None,
        height_px=facts.height_px if facts else None,
        image_sha256=candidate.image_sha256,
        set_aside=reason,
        set_aside_detail=detail,
        cues={cue.value: evidence for cue, evidence in shown.items()},
        unknown_cues=[cue.value for cue in unknown_cues(None, facts, "", None)],
        pixels=facts.pixels() if facts else None,
    )
    session.add(frame)
    session.flush()
    return frame, True


def _inspected(path: Path) -> tuple[ImageFacts | None, SetAside | None, str | None]:
    try:
        return inspect_image(path), None, None
    except ImageRefused as refused:
        return None, refused.reason, str(refused)


def _scene(session: Session, candidate: Candidate) -> tuple[Scene, Dataset]:
    """The scene of a feed's watch: a new one on the training side, whatever else is in the store."""
    dataset = session.exec(select(Dataset).where(Dataset.name == DATA_SET)).one()
    feed = session.get_one(Feed, candidate.feed_id)
    scene_id = _id("scene", candidate.watch_id, candidate.feed_id)
    scene = session.get(Scene, scene_id)
    if scene is None:
        scene = Scene(
            id=scene_id,
            dataset_id=int(dataset.id or 0),
            name=f"feed-{feed.name}-watch-{candidate.watch_id}",
            description="",
            log_name=f"feed-{feed.name}",
            location="live feed",
            split=Split.TRAIN,
        )
        session.add(scene)
        session.flush()
    return scene, dataset


def _id(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]
