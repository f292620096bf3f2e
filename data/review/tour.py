"""The first-run tour: gold frames with feedback, before a person's answers count.

Gold are training frames whose level is settled: an adjudication counts most, then the number of agreeing reviews.
They need no more reviews, so nobody is served one again after the tour has told its level; frames that test people in
their queue are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.proposals.runs import latest_run, proposals_by_frame
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, GoldFrame, Scene, TourAnswer
from data.verification.chosen_text import chosen_text
from data.verification.standing import adjudications_by_frame, reviews_by_frame
from data.vocabulary import LEVELS, ModelRole, Split, TriageLevel, VerificationState

TOUR_FRAMES = 5


@dataclass(frozen=True)
class GoldCandidate:
    """A settled frame and how well it is settled (high is better)."""

    frame_id: str
    scene_id: str
    level: TriageLevel
    weight: int


def choose_gold(candidates: Sequence[GoldCandidate], *, n: int = TOUR_FRAMES) -> list[GoldCandidate]:
    """The n best settled frames, the levels in turn and scenes apart as far as there are any. Pure.

    TELEOPERATION comes first in turn: it is the rare level, and the one that must not be missed.
    """
    left = sorted(candidates, key=lambda one: (-one.weight, one.frame_id))
    chosen: list[GoldCandidate] = []
    turns = [*reversed(LEVELS)]
    while left and len(chosen) < n:
        level = turns[len(chosen) % len(turns)]
        scenes = {one.scene_id for one in chosen}
        best = min(left, key=lambda one: (one.level is not level, one.scene_id in scenes))
        chosen.append(best)
        left.remove(best)
    return chosen


@dataclass(frozen=True)
class TourFrame:
    """A frame of the tour, with the level and the words to compare with."""

    frame: Frame
    scene: Scene
    level: TriageLevel
    reasoning: str
    action: str


def tour_frames(store: Store, person_id: int) -> list[TourFrame]:
    """The tour's frames that a person has not answered yet; none while fewer than TOUR_FRAMES are settled.
    Raises NotAllowed."""
    with store.read() as session:
        require(session, person_id, Act.REVIEW)
        gold = choose_gold(_candidates(session))
        if len(gold) < TOUR_FRAMES:
            return []
        answered = set(session.exec(select(TourAnswer.frame_id).where(TourAnswer.person_id == person_id)))
        left = max(0, TOUR_FRAMES - len(answered))
        return [_gold_frame(session, one) for one in gold if one.frame_id not in answered][:left]


def _candidates(session: Session) -> list[GoldCandidate]:
    query = (
        select(FrameStatus, Frame)
        .join(Frame, col(Frame.id) == FrameStatus.frame_id)
        .where(
            FrameStatus.state == VerificationState.VERIFIED,
            FrameStatus.split == Split.TRAIN,
            col(Frame.set_aside).is_(None),
            col(Frame.id).not_in(select(GoldFrame.frame_id)),
        )
    )
    rows = session.exec(query).all()
    ids = [status.frame_id for status, _ in rows]
    settled, reviews = adjudications_by_frame(session, ids), reviews_by_frame(session, ids)
    return [
        GoldCandidate(
            frame.id, frame.scene_id, status.level, 100 * (frame.id in settled) + len(reviews[frame.id])
        )
        for status, frame in rows
        if status.level is not None
    ]


def _gold_frame(session: Session, gold: GoldCandidate) -> TourFrame:
    frame = session.get_one(Frame, gold.frame_id)
    teacher = proposals_by_frame(session, latest_run(session, ModelRole.TEACHER), [gold.frame_id])
    said = chosen_text(
        gold.level,
        teacher=teacher.get(gold.frame_id),
        reviews=reviews_by_frame(session, [gold.frame_id])[gold.frame_id],
        adjudication=adjudications_by_frame(session, [gold.frame_id]).get(gold.frame_id),
    )
    reasoning, action = (said.assessment.reasoning, said.assessment.action) if said else ("", "")
    return TourFrame(frame, session.get_one(Scene, frame.scene_id), gold.level, reasoning, action)


def answer_tour(store: Store, person_id: int, frame_id: str, level: TriageLevel) -> TourFrame:
    """Write what a person says of a tour frame and give back its gold. Raises NotAllowed, ReviewRefused."""
    with store.read() as session:
        require(session, person_id, Act.REVIEW)
    gold = next((one for one in tour_frames(store, person_id) if one.frame.id == frame_id), None)
    if gold is None:
        raise ReviewRefused("This frame is not on your tour.")
    with store.write() as session:
        require(session, person_id, Act.REVIEW)
        session.add(
            TourAnswer(
                person_id=person_id,
                frame_id=frame_id,
                level=level,
                gold_level=gold.level,
                answered_at_us=store.now_us(session),
            )
        )
    return gold
