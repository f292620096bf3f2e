"""Frames for leads to settle: contested ones with all reviews, and those of the random share without any."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

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


def contested_frames(store: Store) -> list[ContestedFrame]:
    """Contested frames, AUTONOMY versus TELEOPERATION first, then by scene and time."""
    with store.read() as session:
        query = (
            select(Frame, Scene)
            .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .where(FrameStatus.state == VerificationState.CONTESTED)
            .order_by(Scene.name, col(Frame.position))
        )
        rows = session.exec(query).all()
        people = {person.id: person for person in session.exec(select(Person))}
        reviews = reviews_by_frame(session, [frame.id for frame, _ in rows])
        contested = [_contested(session, frame, scene, reviews[frame.id], people) for frame, scene in rows]
    return sorted(contested, key=lambda one: -one.spread)


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


def _contested(
    session: Session, frame: Frame, scene: Scene, reviews: list[Review], people: dict[int | None, Person]
) -> ContestedFrame:
    current = standing(reviews)
    shown = next((review.proposal_id for review in current if review.proposal_id), None)
    proposal = session.get(Proposal, shown) if shown else None
    said = [(review, people[review.person_id]) for review in current]
    return ContestedFrame(frame, scene, said, proposal)


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
