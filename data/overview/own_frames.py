"""What became of a person's own answers, for that person alone: verified, contested, settled, flagged, sent back.

A hidden test looks like any other frame as long as anybody can still be served it, and its results are told in one
figure, a day late: an answer and the count that it moves are never seen together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from data.overview.personal_progress import day_start_us
from data.people.permissions import Act, may
from data.store.opening import Store
from data.store.tables import (
    Adjudication,
    Frame,
    FrameNote,
    FrameStatus,
    GoldFrame,
    Lease,
    Person,
    Proposal,
    Review,
    Scene,
    SecondLook,
)
from data.verification.policy import ReviewFact, verify
from data.verification.standing import not_withdrawn, paused_people, standing
from data.verification.status import POLICY
from data.vocabulary import NoteKind, Split, TriageLevel, VerificationState

TESTS_AT_LEAST = 5
"""Below so many hidden tests their result is not told."""


class Outcome(StrEnum):
    """What became of an answer."""

    HURRIED = "given in under a second: waits for another person"
    PAUSED = "kept; a lead looks at your answers before they count"
    AWAITING = "waits for another person"
    VERIFIED = "verified"
    CONTESTED = "people disagree; a lead decides"
    SETTLED = "settled by a lead"
    SENT_BACK = "sent back; a lead looks again"
    TEST = "was a hidden test"
    SET_ASIDE = "set aside: not used"


@dataclass(frozen=True)
class OwnFlag:
    """A question to the lead and, once there is one, the lead's answer."""

    question: str
    answer: str | None


@dataclass(frozen=True)
class OwnFrame:
    """An own standing answer. `final`: the level that holds now, None while none does; `why`: the lead's reason."""

    review: Review
    frame: Frame
    scene: Scene
    outcome: Outcome
    final: TriageLevel | None = None
    why: str | None = None
    flags: tuple[OwnFlag, ...] = ()

    @property
    def agrees(self) -> bool | None:
        """Whether the own level is the one that holds; None while none does."""
        return None if self.final is None else self.final is self.review.level


@dataclass(frozen=True)
class OwnRecord:
    """A person's answers, newest first, and two shares as (right, n). `agreement`: own levels that hold, of the frames
    on which others or a lead had a say; `tests`: hidden tests answered before today (UTC), None below TESTS_AT_LEAST.
    """

    frames: list[OwnFrame]
    agreement: tuple[int, int]
    tests: tuple[int, int] | None


def own_record(store: Store, person_id: int) -> OwnRecord:
    """Everything that a person answered, with what became of it."""
    with store.read() as session:
        rows = _answers(session, person_id)
        known = _Known(session, person_id)
        told = [known.told(*row) for row in rows]
        tests = _tests(session, person_id, store.now_us(session), rows)
        shared = [one for one in told if one.agrees is not None and known.others_had_a_say(one)]
    agreement = sum(bool(one.agrees) for one in shared), len(shared)
    return OwnRecord(told, agreement, tests)


def matching(frames: Sequence[OwnFrame], search: str) -> list[OwnFrame]:
    """Those in whose place, cues, level, outcome or words every word of the search occurs."""
    words = search.casefold().split()
    return [one for one in frames if all(word in _haystack(one) for word in words)]


def _haystack(one: OwnFrame) -> str:
    review, frame = one.review, one.frame
    said = (
        review.level.value,
        review.reasoning,
        review.action,
        review.mode.value,
        one.outcome.value,
        one.why,
    )
    where = (one.scene.name, f"frame {frame.position + 1}", one.scene.location, *frame.cues)
    flags = (text for flag in one.flags for text in (flag.question, flag.answer))
    return " ".join(text for text in (*said, *where, *flags) if text).replace("_", " ").casefold()


Row = tuple[Review, Frame, Scene, Proposal | None]


def _answers(session: Session, person_id: int) -> list[Row]:
    query = (
        select(Review, Frame, Scene, Proposal)
        .join(Frame, col(Frame.id) == Review.frame_id)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Proposal, col(Proposal.id) == Review.proposal_id, isouter=True)
        .where(Review.person_id == person_id)
        .options(defer(Frame.boxes), defer(Frame.pixels), defer(Proposal.raw))  # type: ignore[arg-type]
        .order_by(col(Review.id).desc())
    )
    rows = session.exec(query).all()
    current = {review.id for review in standing(review for review, *_ in rows)}
    return [row for row in rows if row[0].id in current]


class _Known:
    """What the store knows of a person's frames, read once for all of them."""

    def __init__(self, session: Session, person_id: int) -> None:
        own = select(Review.frame_id).where(Review.person_id == person_id)
        statuses = session.exec(select(FrameStatus).where(col(FrameStatus.frame_id).in_(own)))
        self.statuses = {status.frame_id: status for status in statuses}
        acts = select(Adjudication).where(col(Adjudication.frame_id).in_(own), not_withdrawn())
        self.settled = {act.frame_id: act for act in session.exec(acts.order_by(col(Adjudication.id)))}
        self.paused = paused_people(session)
        tests = session.exec(select(GoldFrame).where(col(GoldFrame.frame_id).in_(own)))
        self.gold = {test.frame_id: test for test in tests}
        self.open_tests = _open_tests(session, list(self.gold.values()))
        looks = select(SecondLook).where(col(SecondLook.frame_id).in_(own)).order_by(col(SecondLook.id))
        self.sent_back = _sent_back(session.exec(looks).all(), self.settled)
        self.flags = _flags(session, person_id)
        people = select(Review.frame_id, func.count(func.distinct(Review.person_id)))
        people = people.where(col(Review.frame_id).in_(own)).group_by(Review.frame_id)
        self.reviewers = {frame_id: int(n) for frame_id, n in session.exec(people)}

    def told(self, review: Review, frame: Frame, scene: Scene, shown: Proposal | None) -> OwnFrame:
        """What the person may know of one answer."""
        flags = tuple(self.flags.get(frame.id, ()))
        one = OwnFrame(review, frame, scene, Outcome.AWAITING, flags=flags)
        test = self.gold.get(frame.id)
        if test is not None and review.reviewed_at_us >= test.made_at_us:
            if frame.id in self.open_tests:
                return self._as_any_other(one, scene.split or Split.TRAIN, shown)
            return replace(one, outcome=Outcome.TEST, final=test.level)
        return self._plainly(one)

    def _plainly(self, one: OwnFrame) -> OwnFrame:
        frame_id, status = one.frame.id, self.statuses.get(one.frame.id)
        if one.frame.set_aside is not None or status is None:
            return replace(one, outcome=Outcome.SET_ASIDE)
        if frame_id in self.sent_back:
            return replace(one, outcome=Outcome.SENT_BACK, why=self.sent_back[frame_id])
        if frame_id in self.settled:
            lead = self.settled[frame_id]
            return replace(one, outcome=Outcome.SETTLED, final=lead.level, why=lead.reason)
        if status.state is VerificationState.CONTESTED:
            return replace(one, outcome=Outcome.CONTESTED)
        if status.state is VerificationState.VERIFIED:
            return replace(one, outcome=Outcome.VERIFIED, final=status.level)
        return replace(one, outcome=self._waits(one.review))

    def _waits(self, review: Review) -> Outcome:
        """Why an answer does not verify its frame yet."""
        if review.person_id in self.paused:
            return Outcome.PAUSED
        return Outcome.HURRIED if review.is_unconfirmed else Outcome.AWAITING

    def _as_any_other(self, one: OwnFrame, split: Split, shown: Proposal | None) -> OwnFrame:
        """A test that can still be served, told as if the person's answer were the only one."""
        said = verify(
            [ReviewFact.of(one.review, self.paused)],
            proposed=shown.level if shown else None,
            split=split,
            policy=POLICY,
        )
        if said.state is VerificationState.VERIFIED:
            return replace(one, outcome=Outcome.VERIFIED, final=said.level)
        return replace(one, outcome=self._waits(one.review))

    def others_had_a_say(self, one: OwnFrame) -> bool:
        """Whether the level that holds rests on more than the person's own word. Tests have a figure of their own."""
        if one.frame.id in self.gold:
            return False
        return one.outcome is Outcome.SETTLED or self.reviewers.get(one.frame.id, 0) > 1


def _open_tests(session: Session, tests: list[GoldFrame]) -> set[str]:
    """Tests that somebody can still be served: not set aside, and new to anybody who may review."""
    people = session.exec(select(Person).where(col(Person.is_disabled).is_(False))).all()
    reviewers = {person.id for person in people if may(person.role, Act.REVIEW)}
    ids = [test.frame_id for test in tests]
    seen = set(
        session.exec(select(Review.frame_id, Review.person_id).where(col(Review.frame_id).in_(ids))).all()
    )
    held = set(session.exec(select(Lease.frame_id).where(col(Lease.frame_id).in_(ids))))
    return {
        test.frame_id
        for test in tests
        if test.frame_id in held
        or any((test.frame_id, one) not in seen for one in reviewers - {test.made_by_id})
    }


def _sent_back(looks: Sequence[SecondLook], settled: dict[str, Adjudication]) -> dict[str, str]:
    """The reason for which each frame was sent back, as far as no lead has settled it since."""
    latest = {frame_id: int(act.id or 0) for frame_id, act in settled.items()}
    return {
        look.frame_id: look.reason
        for look in looks
        if latest.get(look.frame_id, 0) <= look.after_adjudication_id
    }


def _flags(session: Session, person_id: int) -> dict[str, list[OwnFlag]]:
    """The person's questions by frame, each with the first answer that a lead gave after it."""
    asked = session.exec(
        select(FrameNote)
        .where(FrameNote.person_id == person_id, FrameNote.kind == NoteKind.FLAG)
        .order_by(col(FrameNote.id))
    ).all()
    ids = [note.frame_id for note in asked]
    closed = session.exec(
        select(FrameNote)
        .where(FrameNote.kind == NoteKind.CLOSED, col(FrameNote.frame_id).in_(ids))
        .order_by(col(FrameNote.id))
    ).all()
    flags: dict[str, list[OwnFlag]] = {}
    for note in asked:
        after = (
            one for one in closed if one.frame_id == note.frame_id and int(one.id or 0) > int(note.id or 0)
        )
        answer = next(after, None)
        flags.setdefault(note.frame_id, []).append(OwnFlag(note.reason, answer.reason if answer else None))
    return flags


def _tests(session: Session, person_id: int, now_us: int, rows: Sequence[Row]) -> tuple[int, int] | None:
    """(right, n) over the hidden tests that the person answered before today."""
    tests = {test.frame_id: test for test in session.exec(select(GoldFrame))}
    today_us = day_start_us(now_us, 0)
    answered = [
        review.level is tests[review.frame_id].level
        for review, *_ in rows
        if review.frame_id in tests and tests[review.frame_id].made_at_us <= review.reviewed_at_us < today_us
    ]
    return (sum(answered), len(answered)) if len(answered) >= TESTS_AT_LEAST else None
