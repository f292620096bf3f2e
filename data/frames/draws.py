"""The draws of a store: which there are, what rests on them, and how one is taken back.

Every scene belongs to the draw that split it, so that a data set that comes later, or grows, gets a draw of its own
and each frame has one inclusion probability.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session, SQLModel, col, delete, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from data.store.tables import (
    Adjudication,
    AuditLot,
    Frame,
    FrameStatus,
    GeneratedClip,
    GoldFrame,
    Lease,
    OwnLevel,
    Proposal,
    RandomShare,
    Ranking,
    ReturnedFrame,
    Review,
    SampledFrame,
    Sampling,
    Scene,
)
from data.store.trail import note_act
from data.vocabulary import TrailAct

_ABOUT_FRAMES: tuple[type[Any], ...] = (Proposal, Review, OwnLevel, Adjudication, GoldFrame)
"""What is decided or asked about frames with a split in place: with a row of any of these, the draw stays."""


def draws_of(session: Session, dataset_ids: Iterable[int]) -> list[Sampling]:
    """The draws whose scenes all lie in these data sets, the latest last."""
    ids = set(dataset_ids)
    there = session.exec(
        select(Scene.sampling_id, Scene.dataset_id).where(col(Scene.sampling_id).is_not(None)).distinct()
    ).all()
    outside = {sampling_id for sampling_id, dataset_id in there if dataset_id not in ids}
    inside = {sampling_id for sampling_id, _ in there} - outside
    query = select(Sampling).where(col(Sampling.id).in_(inside)).order_by(col(Sampling.id))
    return list(session.exec(query))


def is_rested_on(session: Session, draw: Sampling) -> bool:
    """Whether models or people have answered about a draw's frames, or anything was made of them."""
    scenes = select(Scene.id).where(Scene.sampling_id == draw.id)
    frames = select(Frame.id).where(col(Frame.scene_id).in_(scenes))
    rows = [_first(session, select(kind).where(col(kind.frame_id).in_(frames))) for kind in _ABOUT_FRAMES]
    rows.append(_first(session, select(GeneratedClip).where(col(GeneratedClip.source_scene_id).in_(scenes))))
    rows.append(_first(session, select(AuditLot).where(AuditLot.opened_at_us >= draw.sampled_at_us)))
    came_back = select(SampledFrame.frame_id).where(
        SampledFrame.sampling_id == draw.id, col(SampledFrame.frame_id).in_(select(ReturnedFrame.frame_id))
    )
    return any(row is not None for row in (*rows, session.exec(came_back.limit(1)).first()))


def _first(session: Session, query: Any) -> SQLModel | None:
    row: SQLModel | None = session.exec(query.limit(1)).first()
    return row


def take_back(session: Session, draw: Sampling) -> None:
    """Undo a draw that nothing rests on."""
    details = {"seed": draw.seed, "sampled_at_us": draw.sampled_at_us}
    note_act(session, TrailAct.TOOK_BACK_SAMPLE, by=None, subject=f"sampling:{draw.id}", details=details)
    drawn = select(SampledFrame.frame_id).where(SampledFrame.sampling_id == draw.id)
    for derived in (Lease, FrameStatus):
        session.exec(delete(derived).where(col(derived.frame_id).in_(drawn)))
    session.exec(delete(Ranking))
    for row in session.exec(select(RandomShare).where(col(RandomShare.frame_id).in_(drawn))):
        session.delete(row)
    session.flush()
    for taken in session.exec(select(SampledFrame).where(SampledFrame.sampling_id == draw.id)):
        session.delete(taken)
    for scene in session.exec(select(Scene).where(Scene.sampling_id == draw.id)):
        scene.split = scene.sampling_id = None
    session.flush()
    session.delete(draw)
    session.flush()


def never_drawn() -> SelectOfScalar[str]:
    """Frames that came from live feeds, and generated ones: they are worked on too, but no draw takes them."""
    of_feeds = select(ReturnedFrame.frame_id).where(col(ReturnedFrame.is_new))
    return select(Frame.id).where(or_(col(Frame.generated_clip_id).is_not(None), col(Frame.id).in_(of_feeds)))
