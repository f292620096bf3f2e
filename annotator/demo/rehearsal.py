"""The demo's week before you came: scripted people at work on several days, through the same functions as people.

A `RehearsedStore` has a clock of its own, so that what they did stands on the days on which they are meant to have done
it. Called again, the week goes on where it was interrupted; once it is complete nothing is written any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from annotator.demo.scripted_reviewers import ScriptedReviewer, review_everything, settle_contested
from annotator.review_order.ranking import rank_frames
from data.demo import true_assessments
from data.people.accounts import add_scripted_reviewer
from data.review.gold import make_gold
from data.review.notes import Note, note_frame
from data.review.second_looks import send_back
from data.review.serving import ServedFrame
from data.store import Store
from data.store.tables import Adjudication, FrameStatus, GoldFrame, Person, Review, SecondLook
from data.vocabulary import NoteKind, PersonRole, Split, TriageLevel, VerificationState

REVIEWERS = ["scripted-annotator-1", "scripted-annotator-2"]
LEAD, TRAINER = "scripted-lead", "scripted-trainer"
REVIEWS_BY_DAY = (30, 30, 26, 26, 24, 24)
"""About half of what the demo's frames need in all, so that there is work left for the person who tries it."""
GOLD_FRAMES = 3
_DAY_US, _MORNING_US, _SECOND_US = 86_400_000_000, 9 * 3_600_000_000, 1_000_000
_SHORTEST_LOOK_S, _LONGEST_LOOK_S, _PAUSE_S = 3.0, 16.0, 1.5


class RehearsedStore(Store):
    """A store in which it is another time."""

    at_us: int = 0

    def now_us(self, session: Session) -> int:
        return self.at_us


@dataclass(frozen=True)
class _Day:
    """One day of the week: `number` counts from 0, `reviews` are how many are written when it is over."""

    number: int
    morning_us: int
    reviews: int


def rehearse_week(store: Store) -> None:
    """Let scripted people review, settle, flag and send back on the days before today.

    No audit is opened: it would serve an annotator who tries the demo blind frames only.
    """
    if _written(store) >= sum(REVIEWS_BY_DAY):
        return
    then = RehearsedStore(store.engine)
    for day in _days(time.time_ns() // 1000):
        written = _written(store)
        if written >= day.reviews:
            continue
        then.at_us = day.morning_us
        _in_the_morning(then, day.number)
        rank_frames(then)
        truth = true_assessments()
        review_everything(then, REVIEWERS, truth, limit=day.reviews - written, look=_looking(then))


def _days(now_us: int) -> Iterator[_Day]:
    today_us, reviews = now_us - now_us % _DAY_US, 0
    for number, many in enumerate(REVIEWS_BY_DAY):
        reviews += many
        morning_us = today_us - (len(REVIEWS_BY_DAY) - number) * _DAY_US + _MORNING_US
        yield _Day(number, morning_us, reviews)


def _looking(store: RehearsedStore) -> Callable[[ScriptedReviewer, ServedFrame], float]:
    """How long a scripted person looks at a frame, by a seeded draw; the clock goes on meanwhile."""

    def look(reviewer: ScriptedReviewer, served: ServedFrame) -> float:
        span_s = _LONGEST_LOOK_S - _SHORTEST_LOOK_S
        seconds = round(_SHORTEST_LOOK_S + span_s * reviewer.chance("look", served.frame) ** 2, 1)
        store.at_us += int((seconds + _PAUSE_S) * _SECOND_US)
        return seconds

    return look


def _in_the_morning(store: Store, day: int) -> None:
    """What the lead and others do before a day's reviews; each of it once."""
    lead = int(add_scripted_reviewer(store, LEAD, PersonRole.LEAD).id or 0)
    if day:
        settle_contested(store, LEAD, true_assessments(), leave=1)
    if day >= 2:  # noqa: PLR2004 - by then there are settled frames
        for frame_id in _settled(store)[:GOLD_FRAMES]:
            make_gold(store, lead, frame_id)
    if day == len(REVIEWS_BY_DAY) - 1:
        _flag(store)
        _send_back(store)


def _flag(store: Store) -> None:
    """A frame on which an annotator would like to hear a lead."""
    person_id = int(add_scripted_reviewer(store, REVIEWERS[0]).id or 0)
    with store.read() as session:
        reviewed = select(Review.frame_id).where(
            Review.person_id == person_id, Review.level == TriageLevel.SUPERVISION
        )
        frame_id = session.exec(reviewed.order_by(col(Review.id).desc())).first()
    if frame_id is not None:
        reason = "Where is the line here: would an operator have to steer, or is watching enough?"
        token = f"demo-flag-{person_id}"
        note_frame(store, person_id, Note(token=token, frame_id=frame_id, kind=NoteKind.FLAG, reason=reason))


def _send_back(store: Store) -> None:
    """A verified frame that the trainer doubts."""
    trainer = int(add_scripted_reviewer(store, TRAINER, PersonRole.TRAINER).id or 0)
    with store.read() as session:
        is_done = session.exec(select(SecondLook.id)).first() is not None
        verified = (
            select(FrameStatus.frame_id)
            .where(
                FrameStatus.state == VerificationState.VERIFIED,
                FrameStatus.split == Split.TRAIN,
                FrameStatus.level == TriageLevel.TELEOPERATION,
                col(FrameStatus.frame_id).not_in(select(GoldFrame.frame_id)),
            )
            .order_by(FrameStatus.frame_id)
        )
        frame_id = session.exec(verified).first()
    if not is_done and frame_id is not None:
        send_back(
            store, trainer, frame_id, "The student says SUPERVISION with a good reason; please look again."
        )


def _settled(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.exec(select(Adjudication.frame_id).order_by(col(Adjudication.id))))


def _written(store: Store) -> int:
    """Reviews of scripted people."""
    with store.read() as session:
        scripted = select(Person.id).where(col(Person.is_scripted))
        query = select(func.count(col(Review.id))).where(col(Review.person_id).in_(scripted))
        return session.exec(query).one()
