"""One frame with everything that was said of it, for those who may see that: what a lead sends a colleague."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from data.errors import TraceError
from data.frames.addresses import frame_named, frame_shown_as
from data.people.permissions import Act, require
from data.proposals.asked_unblurred import asked_unblurred
from data.review.line.next_requests import standing_requests, why_next
from data.review.looks import note_look
from data.store.opening import Store
from data.store.tables import (
    Adjudication,
    AdjudicationWithdrawal,
    Frame,
    FrameStatus,
    GoldFrame,
    ModelRun,
    Person,
    Proposal,
    Review,
    Scene,
)


@dataclass(frozen=True)
class FrameView:
    """`status` is None for a frame that is not in review; reviews and adjudications oldest first, superseded ones
    included; `taken_back`: ids of adjudications that were; proposals by run, oldest first;
    `asked_next`: by which lead and of whom it is wanted before the order; `asked_unblurred`: ids of the proposals from
    before the picture, or one shown with it, was blurred."""

    frame: Frame
    scene: Scene
    status: FrameStatus | None
    reviews: list[tuple[Review, Person]]
    adjudications: list[tuple[Adjudication, Person]]
    proposals: list[tuple[Proposal, ModelRun]]
    is_gold: bool
    taken_back: frozenset[int] = frozenset()
    asked_next: tuple[str, ...] = ()
    asked_unblurred: frozenset[int] = frozenset()


def frame_view(store: Store, person_id: int, address: str) -> FrameView:
    """The frame of that id, the beginning of one, image file name, or scene and number as screens write them. That
    this person has looked is written down: they are not asked about the frame any more. Raises NotAllowed, TraceError
    if there is none, and ReviewRefused while they review it."""
    frame = _addressed(store, person_id, address)
    note_look(store, person_id, frame.id)
    with store.read() as session:
        proposals = _proposals(session, frame.id)
        return FrameView(
            frame=frame,
            scene=session.get_one(Scene, frame.scene_id),
            status=session.get(FrameStatus, frame.id),
            reviews=_reviews(session, frame.id),
            adjudications=_adjudications(session, frame.id),
            proposals=proposals,
            is_gold=session.get(GoldFrame, frame.id) is not None,
            taken_back=_taken_back(session, frame.id),
            asked_next=tuple(why_next(session, frame.id)),
            asked_unblurred=asked_unblurred(session, frame, proposals),
        )


def _addressed(store: Store, person_id: int, address: str) -> Frame:
    with store.read() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        frame = frame_named(session, address.strip()) or frame_shown_as(session, address.strip())
    if frame is None:
        raise TraceError(
            f"{address!r} is no frame: enter a frame's id, its image's file name, or its scene and number, as in "
            "'scene-0103 frame 17'."
        )
    return frame


def _reviews(session: Session, frame_id: str) -> list[tuple[Review, Person]]:
    query = select(Review, Person).join(Person, col(Person.id) == Review.person_id)
    return list(session.exec(query.where(Review.frame_id == frame_id).order_by(col(Review.id))).all())


def _adjudications(session: Session, frame_id: str) -> list[tuple[Adjudication, Person]]:
    query = select(Adjudication, Person).join(Person, col(Person.id) == Adjudication.person_id)
    query = query.where(Adjudication.frame_id == frame_id).order_by(col(Adjudication.id))
    return list(session.exec(query).all())


def _taken_back(session: Session, frame_id: str) -> frozenset[int]:
    query = select(AdjudicationWithdrawal.adjudication_id).join(Adjudication)
    return frozenset(session.exec(query.where(Adjudication.frame_id == frame_id)))


def _proposals(session: Session, frame_id: str) -> list[tuple[Proposal, ModelRun]]:
    query = select(Proposal, ModelRun).join(ModelRun, col(ModelRun.id) == Proposal.run_id)
    return list(session.exec(query.where(Proposal.frame_id == frame_id).order_by(col(Proposal.id))).all())


@dataclass(frozen=True)
class InLine:
    """A frame that waits for a review, with its place in the order and the terms that put it there. `asked_next`: as in
    `FrameView`."""

    frame: Frame
    scene: Scene
    priority: float
    terms: dict[str, float]
    asked_next: tuple[str, ...] = ()


def next_in_line(store: Store, person_id: int, *, n: int = 20) -> list[InLine]:
    """The frames that are served next, first the next one; those that leads want next of anybody come before the
    order. Raises NotAllowed."""
    with store.read() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        wanted = {one for one, _ in standing_requests(session)}
        is_first = col(FrameStatus.frame_id).in_(wanted) & col(FrameStatus.is_audit).is_(False)
        query = (
            select(FrameStatus, Frame, Scene)
            .join(Frame, col(Frame.id) == FrameStatus.frame_id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .where(FrameStatus.reviews_needed > 0)
            .order_by(is_first.desc(), col(FrameStatus.priority).desc(), col(FrameStatus.frame_id).desc())
            .limit(n)
        )
        return [
            InLine(
                frame,
                scene,
                status.priority,
                status.priority_terms,
                tuple(why_next(session, frame.id)) if frame.id in wanted else (),
            )
            for status, frame, scene in session.exec(query).all()
        ]
