"""The verified frames of one side of the split, each with its words and the acts behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from data.errors import SnapshotError
from data.frames.origins import source_frames, source_scenes
from data.pictures.shown import ShownPicture, shown_pictures
from data.proposals.runs import proposals_for_review
from data.store.tables import Adjudication, Frame, FrameStatus, Proposal, Review
from data.verification.chosen_text import ChosenText, chosen_text
from data.verification.policy import AdjudicationFact, ReviewFact, verify
from data.verification.standing import adjudications_by_frame, paused_people, reviews_by_frame, standing
from data.verification.status import POLICY
from data.vocabulary import Mode, Split, TriageLevel, VerificationState

SCENES_AT_ONCE = 50


@dataclass(frozen=True)
class VerifiedFrame:
    """A verified frame with its words and the acts behind it.

    `scene_id` is the unit of splitting: of a generated frame the scene that it was made of, whose frame
    `source_frame_id` names (None for a real frame). `votes`: how many people said each level, a lead who settled it
    among them; a paused person counts for nothing. `in_stack`: it was judged with a look-alike only.
    """

    frame: Frame
    level: TriageLevel
    text: ChosenText | None
    review_ids: tuple[int, ...]
    adjudication_id: int | None
    picture: ShownPicture
    teacher: Proposal | None
    scene_id: str
    source_frame_id: str | None = None
    votes: dict[TriageLevel, int] = field(default_factory=dict)
    in_stack: bool = False

    @property
    def image(self) -> Path:
        """The file of the picture."""
        return self.picture.path


def verified_frames(session: Session, split: Split) -> list[VerifiedFrame]:
    """Every verified frame of one side of the split, by scene and time."""
    return list(each_verified(session, split))


def sent_back_frames(session: Session, split: Split) -> list[VerifiedFrame]:
    """Frames that somebody sent back and no lead has settled since, each with the level that it had."""
    return list(_each(session, split, VerificationState.CONTESTED))


def each_verified(session: Session, split: Split) -> Iterator[VerifiedFrame]:
    """As `verified_frames`, a few scenes at a time, so that memory does not grow with their number."""
    return _each(session, split, VerificationState.VERIFIED)


def _each(session: Session, split: Split, state: VerificationState) -> Iterator[VerifiedFrame]:
    scenes, sources = source_scenes(session), source_frames(session)
    query = (
        select(Frame.scene_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(FrameStatus.state == state, FrameStatus.split == split)
        .distinct()
        .order_by(Frame.scene_id)
    )
    scene_ids = list(session.exec(query))
    for first in range(0, len(scene_ids), SCENES_AT_ONCE):
        for one in _verified_of(session, split, state, scene_ids[first : first + SCENES_AT_ONCE]):
            yield replace(
                one,
                scene_id=scenes.get(one.frame.scene_id, one.frame.scene_id),
                source_frame_id=sources.get(one.frame.id),
            )


def _verified_of(
    session: Session, split: Split, state: VerificationState, scene_ids: Sequence[str]
) -> list[VerifiedFrame]:
    query = (
        select(Frame)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(FrameStatus.state == state, FrameStatus.split == split)
        .where(col(Frame.scene_id).in_(scene_ids))
        .options(defer(Frame.boxes), defer(Frame.cues), defer(Frame.pixels))  # type: ignore[arg-type]
        .order_by(Frame.scene_id, col(Frame.position))
    )
    rows = session.exec(query).all()
    frame_ids = [frame.id for frame in rows]
    pictures = shown_pictures(session, scene_ids)
    teachers = proposals_for_review(session, frame_ids)
    reviews = reviews_by_frame(session, frame_ids)
    adjudications = adjudications_by_frame(session, frame_ids)
    paused = paused_people(session)
    found = [
        _verified(
            frame,
            split,
            pictures.of(frame),
            teachers.get(frame.id),
            reviews.get(frame.id, []),
            adjudications.get(frame.id),
            paused,
        )
        for frame in rows
    ]
    lost = [frame.id for frame, one in zip(rows, found, strict=True) if one is None]
    if lost and state is VerificationState.VERIFIED:
        raise SnapshotError(f"Frame {lost[0]} is marked verified but its reviews do not add up to a level.")
    return [one for one in found if one is not None]


def _verified(
    frame: Frame,
    split: Split,
    picture: ShownPicture,
    teacher: Proposal | None,
    reviews: Sequence[Review],
    adjudication: Adjudication | None,
    paused: Collection[int],
) -> VerifiedFrame | None:
    """None where the acts, whatever somebody doubts since, add up to no level."""
    settled = AdjudicationFact(int(adjudication.id or 0), adjudication.level) if adjudication else None
    result = verify(
        [ReviewFact.of(review, paused) for review in reviews],
        proposed=teacher.level if teacher else None,
        split=split,
        adjudication=settled,
        policy=POLICY,
    )
    if result.level is None:
        return None
    counting = [review for review in reviews if review.id in result.review_ids]
    text = chosen_text(result.level, teacher=teacher, reviews=counting, adjudication=adjudication)
    ids = (result.review_ids, result.adjudication_id)
    said = [one for one in standing(reviews) if not one.is_taken_back and one.person_id not in paused]
    votes = Counter([*(one.level for one in said), *([settled.level] if settled else [])])
    in_stack = bool(counting) and settled is None and all(one.mode is Mode.STACK for one in counting)
    return VerifiedFrame(
        frame,
        result.level,
        text,
        *ids,
        picture,
        teacher,
        frame.scene_id,
        votes=dict(votes),
        in_stack=in_stack,
    )
