"""Frames for leads to settle: contested ones with all reviews, and those of the random share without any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from data.store.opening import Store
from data.store.tables import (
    Adjudication,
    Frame,
    FrameStatus,
    Person,
    Proposal,
    RandomShare,
    Review,
    Scene,
)
from data.verification.standing import not_withdrawn, reviews_by_frame, standing
from data.vocabulary import VerificationState


@dataclass(frozen=True)
class ContestedFrame:
    """A frame on which people disagree, with what each of them said and what was proposed."""

    frame: Frame
    scene: Scene
    reviews: list[tuple[Review, Person]]
    proposal: Proposal | None

    @property
    def spread(self) -> int:
        """How far apart the levels are: 1 or 2, and 0 without reviews."""
        ranks = [review.level.rank for review, _ in self.reviews]
        return max(ranks, default=0) - min(ranks, default=0)


def contested_frames(store: Store, frame_id: str | None = None) -> list[ContestedFrame]:
    """Contested frames, AUTONOMY versus TELEOPERATION first, then by scene and time. frame_id: that one alone, if it is
    contested."""
    with store.read() as session:
        query = (
            select(Frame, Scene)
            .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .where(is_contested())
            .options(defer(Frame.boxes), defer(Frame.pixels))  # type: ignore[arg-type]
            .order_by(Scene.name, col(Frame.position))
        )
        rows = session.exec(query if frame_id is None else query.where(Frame.id == frame_id)).all()
        contested = _with_what_was_said(session, rows)
    return sorted(contested, key=lambda one: -one.spread)


def is_contested() -> ColumnElement[bool]:
    """A condition of a query over `FrameStatus`: the frame waits for a lead."""
    return col(FrameStatus.state) == VerificationState.CONTESTED


def count_contested(session: Session) -> int:
    """How many frames `contested_frames` finds."""
    return int(session.exec(select(func.count(col(FrameStatus.frame_id))).where(is_contested())).one())


def random_share_to_settle(store: Store, *, n: int = 20) -> list[ContestedFrame]:
    """The next verified frames of the random share, in their random order, that no lead has settled.

    Without what people said and what was proposed, so that people are held against a level of the lead's own.
    """
    with store.read() as session:
        query = (
            select(Frame, Scene)
            .join(RandomShare, col(RandomShare.frame_id) == Frame.id)
            .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .where(FrameStatus.state == VerificationState.VERIFIED, col(Frame.set_aside).is_(None))
            .where(col(Frame.id).not_in(select(Adjudication.frame_id).where(not_withdrawn())))
            .order_by(col(RandomShare.place))
            .limit(n)
        )
        return [ContestedFrame(frame, scene, [], None) for frame, scene in session.exec(query)]


def _with_what_was_said(session: Session, rows: Sequence[tuple[Frame, Scene]]) -> list[ContestedFrame]:
    """Three queries, however many frames there are."""
    people = {person.id: person for person in session.exec(select(Person))}
    reviews = {
        frame_id: standing(found)
        for frame_id, found in reviews_by_frame(session, [frame.id for frame, _ in rows]).items()
    }
    shown = {frame_id: _shown(found) for frame_id, found in reviews.items()}
    query = select(Proposal).where(col(Proposal.id).in_([one for one in shown.values() if one]))
    query = query.options(defer(Proposal.raw))  # type: ignore[arg-type]
    proposals = {proposal.id: proposal for proposal in session.exec(query)}
    return [
        ContestedFrame(
            frame,
            scene,
            [(review, people[review.person_id]) for review in reviews.get(frame.id, [])],
            proposals.get(shown.get(frame.id)),
        )
        for frame, scene in rows
    ]


def _shown(reviews: Sequence[Review]) -> int | None:
    return next((review.proposal_id for review in reviews if review.proposal_id), None)


def frames_around(store: Store, frame: Frame, *, reach: int = 2) -> list[Frame]:
    """The frames of the scene up to `reach` places before and after, in time order, without the frame itself."""
    with store.read() as session:
        query = (
            select(Frame)
            .where(
                Frame.scene_id == frame.scene_id,
                col(Frame.position).between(frame.position - reach, frame.position + reach),
                Frame.id != frame.id,
                col(Frame.set_aside).is_(None),
            )
            .order_by(col(Frame.position))
        )
        return list(session.exec(query))
