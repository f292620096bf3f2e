"""Use cases: one judgement for a stack of look-alikes, still one row per frame, and taking it back.

The frame on screen gets an assisted review like any other. The others get one of mode stack, which is in no figure on
agreement, bias or pace: it is no judgement of its own. `data.review.stack.frames` says which frames may be among them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field
from sqlmodel import Session, col, delete, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.proposals.runs import proposals_for_review
from data.review.reviews import Decision, review_row, standing_review, submit_within
from data.review.stack.frames import MOST, companions, refuse_unseen
from data.store.opening import Store
from data.store.tables import GoldFrame, Lease, Review
from data.verification.standing import standing
from data.verification.status import hold, refresh
from data.vocabulary import Mode


class StackDecision(Decision):
    """A decision on the frame on screen and, with it, on `others`; `seen_large` are those of them that the person
    looked at large."""

    others: list[str] = Field(min_length=1, max_length=MOST)
    seen_large: list[str] = Field(default_factory=list, max_length=MOST)


@dataclass(frozen=True)
class StackJudged:
    """`judged`: the others that got the level too; `left_out`: those that could not any more."""

    review: Review
    judged: tuple[str, ...]
    left_out: tuple[str, ...]


def judge_stack(
    store: Store, person_id: int, decision: StackDecision, *, shares: Mapping[Mode, float] | None = None
) -> StackJudged:
    """Write the review of the frame on screen and one for each of the others, in one act; sent twice, it writes once.

    What became another's, gold, audited or settled meanwhile is left out. Raises NotAllowed, and ReviewRefused as
    `submit_review` does, for a frame that was not shown with its proposal, and where TELEOPERATION is said or proposed
    and a look-alike was not seen large; then nothing is written.
    """
    with store.write() as session:
        require(session, person_id, Act.REVIEW)
        before = session.exec(select(Review).where(Review.token == decision.token)).first()
        if before is not None:
            return _written(session, before, decision)
        hold(session, decision.frame_id, *decision.others)
        now_us = store.now_us(session)
        found = companions(session, person_id, [decision.frame_id], now_us, shares)
        free = {one.id for one in found.get(decision.frame_id, [])}
        taken = [one for one in dict.fromkeys(decision.others) if one in free]
        _refuse_another_mode(session, person_id, decision)
        said = proposals_for_review(session, [decision.frame_id, *taken])
        if taken:
            refuse_unseen(decision.level, said[decision.frame_id], taken, decision.seen_large)
        alone = Decision.model_validate(decision.model_dump(exclude={"others", "seen_large"}))
        review = submit_within(session, person_id, alone, now_us, stack=decision.token if taken else None)
        for frame_id in taken:
            before = standing_review(session, person_id, frame_id)
            own = {
                "frame_id": frame_id,
                "token": _token(decision.token, frame_id),
                "supersedes_id": before.id if before else None,
                "seconds_played": None,  # the moment of the frame on screen was watched, not theirs
            }
            row = review_row(person_id, alone.model_copy(update=own), Mode.STACK, said[frame_id], now_us)
            row.stack, row.seconds_shown = decision.token, None
            session.add(row)
        session.exec(delete(Lease).where(col(Lease.frame_id).in_(taken), col(Lease.person_id) == person_id))
        session.flush()
        refresh(session, taken)
        return StackJudged(review, tuple(taken), tuple(one for one in decision.others if one not in free))


def _refuse_another_mode(session: Session, person_id: int, decision: StackDecision) -> None:
    lease = session.get(Lease, decision.frame_id)
    is_own = lease is not None and lease.person_id == person_id
    if decision.supersedes_id is not None or (
        is_own and lease is not None and lease.mode is not Mode.ASSISTED
    ):
        raise ReviewRefused("Only a frame that is shown with its proposal is judged together with others.")


def _written(session: Session, before: Review, decision: StackDecision) -> StackJudged:
    tokens = {_token(decision.token, one): one for one in decision.others}
    there = set(session.exec(select(Review.token).where(col(Review.token).in_(list(tokens)))))
    judged = tuple(frame_id for token, frame_id in tokens.items() if token in there)
    return StackJudged(before, judged, tuple(one for one in decision.others if one not in judged))


def _token(token: str, frame_id: str, what: str = "stack") -> str:
    return hashlib.sha256(f"{what}|{token}|{frame_id}".encode()).hexdigest()[:48]


def take_stack_back(store: Store, person_id: int, stack: str) -> list[str]:
    """Take back what was judged together with a frame; the frames wait for a review again, also by the same person.

    Returns them. Each gets a row of its own; those settled as gold or changed since stay. Raises NotAllowed, and
    ReviewRefused for a stack that this person did not judge.
    """
    with store.write() as session:
        require(session, person_id, Act.REVIEW)
        rows = session.exec(select(Review).where(Review.stack == stack, Review.person_id == person_id)).all()
        if not rows:
            raise ReviewRefused("This stack was not saved, so there is nothing to take back.")
        frames = [row.frame_id for row in rows if row.mode is Mode.STACK]
        hold(session, *frames)
        gold = set(session.exec(select(GoldFrame.frame_id).where(col(GoldFrame.frame_id).in_(frames))))
        back = [row for row in _still_standing(session, person_id, frames, stack) if row.frame_id not in gold]
        now_us = store.now_us(session)
        session.add_all(_taken_back(row, now_us) for row in back)
        session.flush()
        refresh(session, [row.frame_id for row in back])
        return [row.frame_id for row in back]


def _still_standing(session: Session, person_id: int, frames: Sequence[str], stack: str) -> list[Review]:
    query = select(Review).where(Review.person_id == person_id, col(Review.frame_id).in_(frames))
    return [
        row for row in standing(session.exec(query).all()) if row.stack == stack and not row.is_taken_back
    ]


def _taken_back(row: Review, now_us: int) -> Review:
    kept = row.model_dump(exclude={"id", "reviewed_at_us", "is_unsure", "is_unconfirmed"})
    return Review(
        **{
            **kept,
            "token": _token(row.token, row.frame_id, "taken back"),
            "supersedes_id": row.id,
            "reviewed_at_us": now_us,
            "is_taken_back": True,
        }
    )
