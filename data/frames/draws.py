"""The draws of a store: which there are, what rests on them, and how one is taken back.

Every scene belongs to the draw that split it, so that a data set that comes later, or grows, gets a draw of its own
and each frame has one inclusion probability.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, SQLModel, col, delete, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from data.frames.data_sets import MADE_HERE
from data.frames.sampling_recipe import SplitBy
from data.frames.shared_views import linked_scenes
from data.frames.sides import SceneToSplit, parted
from data.store.tables import (
    Adjudication,
    AuditLot,
    Dataset,
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
from data.text.phrases import counted
from data.vocabulary import Split, TrailAct

_NAMED = 3

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


@dataclass(frozen=True, order=True)
class Parted:
    """A scene that can stand on neither side, and a scene of each that it would have to stand beside; each as DATA
    SET/SCENE."""

    scene: str
    train: str
    held_out: str


def parted_scenes(
    session: Session, new: set[str], split_by: SplitBy = SplitBy.SCENE, open_: Collection[int] = ()
) -> dict[str, Parted]:
    """Those of the `new` scenes that belong with scenes on both sides, by id; the scenes of `open_` draws, which do not
    stay, are new too."""
    query = select(Scene, Dataset).join(Dataset, col(Dataset.id) == Scene.dataset_id)
    rows = session.exec(query.where(col(Dataset.kind).not_in(MADE_HERE))).all()
    scenes = [
        _placed(scene, of, open_) for scene, of in rows if scene.id in new or scene.sampling_id is not None
    ]
    if len({scene.side for scene in scenes} - {None}) < len(Split):
        return {}
    names = {scene.id: f"{of.name}/{scene.name}" for scene, of in rows}
    links = linked_scenes(session, {scene.id for scene in scenes if scene.side is None})
    found = parted(scenes, links, split_by)
    return {one: Parted(names[one], *(names[beside] for beside in both)) for one, both in found.items()}


def parted_in(session: Session, dataset_id: int) -> list[Parted]:
    """The scenes of a data set that wait for a draw and that none can take."""
    query = select(Scene.id).where(Scene.dataset_id == dataset_id, col(Scene.sampling_id).is_(None))
    new = set(session.exec(query))
    open_ = [int(one.id or 0) for one in session.exec(select(Sampling)) if not is_rested_on(session, one)]
    return sorted(parted_scenes(session, new, open_=open_).values()) if new else []


def _placed(scene: Scene, of: Dataset, open_: Collection[int]) -> SceneToSplit:
    stays = scene.sampling_id is not None and scene.sampling_id not in open_
    return SceneToSplit(
        id=scene.id,
        data_set=of.name,
        drive=scene.log_name,
        frames=0,
        side=scene.split if stays else None,
        keeps_drives=of.kind != "nuscenes",
    )


def named_parted(scenes: Collection[Parted]) -> str:
    """Why scenes cannot be drawn and what to do, as sentences that name the first of them.

    >>> named_parted([Parted("night/a", "day/b", "day/c")]).partition(". Cut")[0]
    '1 scene belongs with scenes on both sides and can stand on neither: night/a (day/b to train on, day/c held out)'
    """
    shown = "; ".join(
        f"{one.scene} ({one.train} to train on, {one.held_out} held out)" for one in [*scenes][:_NAMED]
    )
    more = f"; and {len(scenes) - _NAMED:,} more" if len(scenes) > _NAMED else ""
    belong, drives = ("belongs", "its drive") if len(scenes) == 1 else ("belong", "their drives")
    return (
        f"{counted(len(scenes), 'scene')} {belong} with scenes on both sides and can stand on neither: {shown}{more}. "
        f"Cut {drives} where the other data set cuts it, or draw all data sets at once in another workspace."
    )


def never_drawn() -> SelectOfScalar[str]:
    """Frames that came from live feeds, and generated ones: they are worked on too, but no draw takes them."""
    of_feeds = select(ReturnedFrame.frame_id).where(col(ReturnedFrame.is_new))
    return select(Frame.id).where(or_(col(Frame.generated_clip_id).is_not(None), col(Frame.id).in_(of_feeds)))
