"""Where a lot of a blind audit stands: what was judged blind, what was missed, what waits, who judged and how fast."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from sqlmodel import Session, col, select

from data.review.audit_bound import alpha_of_lot, is_below, missed_at_most
from data.store.tables import AuditEnd, AuditFrame, AuditLot, AuditTerms, Frame, FrameStatus, Review
from data.verification.policy import ReviewFact
from data.verification.standing import is_standing, paused_people
from data.vocabulary import LotEnd, Mode, TriageLevel, VerificationState

PEOPLE_SEE = 0.9
"""The share of TELEOPERATION frames that people are taken to recognise as long as gold has not measured it."""
FAST_S = 1.0
"""Nobody looks at a frame and decides in less: no certificate rests on people whose median is below it."""
FEWEST_TIMED = 3
_T = TriageLevel.TELEOPERATION


@dataclass(frozen=True)
class Auditor:
    """Somebody who judged frames of a lot. `median_s`: over the `timed` judgements with a measured time; `is_paused`: a
    lead has paused this person's answers, which count for nothing in an open lot."""

    person_id: int
    judged: int
    timed: int
    median_s: float | None
    is_paused: bool = False

    @property
    def is_hasty(self) -> bool:
        return self.timed >= FEWEST_TIMED and self.median_s is not None and self.median_s < FAST_S


@dataclass(frozen=True)
class LotState:
    """Where a lot stands.

    withdrawn: frames of the lot that somebody judged with the proposal on screen since, or that were set aside; they
    are no part of the lot any more. audited: the frames of the random order, from its start, that people judged blind.
    missed: of those, the ones that turned out TELEOPERATION (two blind reviews agree, or a lead settled it);
    unconfirmed: one blind review says so and nothing has settled it. waiting: frames to be judged, those to be
    confirmed first.
    """

    lot: AuditLot
    people_see: float
    golds: int
    withdrawn: int
    audited: list[str]
    missed: list[str]
    unconfirmed: list[str]
    waiting: list[str]
    auditors: list[Auditor]
    end: AuditEnd | None = None

    @property
    def frames(self) -> int:
        return self.lot.frames - self.withdrawn

    @property
    def misses(self) -> int:
        """Counted until they are settled otherwise."""
        return len(self.missed) + len(self.unconfirmed)

    @property
    def judged(self) -> int:
        """How many audited frames the misses are counted among: one ahead of its turn counts at once."""
        return max(len(self.audited), self.misses)

    @property
    def alpha(self) -> float:
        return alpha_of_lot(int(self.lot.id or 0))

    @property
    def is_hasty(self) -> bool:
        return any(one.is_hasty and not one.is_paused for one in self.auditors)

    @property
    def is_doubted(self) -> bool:
        """Whether the lot has ended on judgements of people whose answers are paused since."""
        return self.end is not None and any(one.is_paused for one in self.auditors)

    @property
    def is_open(self) -> bool:
        return self.end is None and not self.missed

    @property
    def is_certified(self) -> bool:
        """Whether the miss rate of what is left is below the limit now, by people who took their time."""
        if self.end is not None:
            return self.end.why is LotEnd.CERTIFIED and not self.is_doubted
        is_clean = not self.misses and not self.is_hasty and self.frames > 0
        return is_clean and is_below(
            self.frames,
            len(self.audited),
            limit=self.lot.limit,
            alpha=self.alpha,
            people_see=self.people_see,
        )

    @property
    def at_most(self) -> int | None:
        """The most misses among the frames that are left, None where nothing is ruled out."""
        if self.end is not None:
            return self.end.at_most
        return missed_at_most(
            self.frames,
            self.judged,
            self.misses,
            limit=self.lot.limit,
            alpha=self.alpha,
            people_see=self.people_see,
        )


def latest_lot(session: Session) -> AuditLot | None:
    return session.exec(select(AuditLot).order_by(col(AuditLot.id).desc()).limit(1)).first()


def open_lot(session: Session) -> AuditLot | None:
    """The lot that goes on, None where no audit is open."""
    lot = latest_lot(session)
    return None if lot is None or session.get(AuditEnd, lot.id) is not None else lot


def audited_now(session: Session, frame_ids: Sequence[str]) -> set[str]:
    """Those of the frames that belong to the open lot: they are judged blind or not at all."""
    lot = open_lot(session)
    if lot is None:
        return set()
    query = select(AuditFrame.frame_id).where(AuditFrame.lot_id == lot.id)
    return set(session.exec(query.where(col(AuditFrame.frame_id).in_(frame_ids))))


def lots(session: Session) -> list[AuditLot]:
    """Every lot ever opened, oldest first."""
    return list(session.exec(select(AuditLot).order_by(col(AuditLot.id))))


def lot_state(session: Session, lot: AuditLot | None = None) -> LotState | None:
    """Where a lot, by default the latest one, stands. None where no audit was ever opened."""
    lot = lot or latest_lot(session)
    if lot is None:
        return None
    terms, end = session.get(AuditTerms, lot.id), session.get(AuditEnd, lot.id)
    reviews = _reviews_since(session, lot, end)
    blind = _by_frame(review for review in reviews if review.mode is Mode.BLIND)
    gone = _set_aside(session, lot) | {review.frame_id for review in reviews}
    order = [frame_id for frame_id in _order(session, lot) if frame_id in blind or frame_id not in gone]
    paused = paused_people(session)
    looks = _looks(session, blind, paused if end is None else frozenset())
    judged = next((place for place, frame_id in enumerate(order) if frame_id not in looks.judged), len(order))
    missed, unconfirmed = looks.missed, looks.unconfirmed
    return LotState(
        lot=lot,
        people_see=terms.people_see if terms else PEOPLE_SEE,
        golds=terms.golds if terms else 0,
        withdrawn=lot.frames - len(order),
        audited=order[:judged],
        missed=[frame_id for frame_id in order if frame_id in missed],
        unconfirmed=[frame_id for frame_id in order if frame_id in unconfirmed],
        waiting=[frame_id for frame_id in order if frame_id in unconfirmed]
        + [frame_id for frame_id in order[judged:] if frame_id not in looks.judged],
        auditors=_auditors([review for found in blind.values() for review in found], paused),
        end=end,
    )


def _order(session: Session, lot: AuditLot) -> list[str]:
    query = select(AuditFrame.frame_id).where(AuditFrame.lot_id == lot.id).order_by(col(AuditFrame.place))
    return list(session.exec(query))


def _set_aside(session: Session, lot: AuditLot) -> set[str]:
    query = select(AuditFrame.frame_id).join(Frame, col(Frame.id) == AuditFrame.frame_id)
    return set(session.exec(query.where(AuditFrame.lot_id == lot.id, col(Frame.set_aside).is_not(None))))


def _reviews_since(session: Session, lot: AuditLot, end: AuditEnd | None) -> list[Review]:
    """The standing reviews of the lot's frames between its opening and its end."""
    query = (
        select(Review)
        .join(AuditFrame, col(AuditFrame.frame_id) == Review.frame_id)
        .where(AuditFrame.lot_id == lot.id, Review.reviewed_at_us >= lot.opened_at_us, is_standing())
        .order_by(col(Review.id))
    )
    if end is not None:
        query = query.where(Review.reviewed_at_us <= end.ended_at_us)
    return list(session.exec(query))


def _by_frame(reviews: Iterable[Review]) -> dict[str, list[Review]]:
    grouped: dict[str, list[Review]] = defaultdict(list)
    for review in reviews:
        grouped[review.frame_id].append(review)
    return dict(grouped)


@dataclass(frozen=True)
class _Looks:
    """Frames judged blind: `judged` are done with, `missed` settled as TELEOPERATION, `unconfirmed` called so once and
    not settled."""

    judged: set[str]
    missed: set[str]
    unconfirmed: set[str]


def _looks(session: Session, blind: dict[str, list[Review]], paused: Collection[int]) -> _Looks:
    """An answer that its person was unsure of, or gave in under a second, is no look, and no answer of somebody paused
    is: the frame waits for another. TELEOPERATION counts as a miss whoever says it."""
    called = {frame_id for frame_id, found in blind.items() if any(one.level is _T for one in found)}
    firm = {
        frame_id
        for frame_id, found in blind.items()
        if any(ReviewFact.of(one, paused).is_firm for one in found)
    }
    in_doubt = called | (set(blind) - firm)
    query = select(FrameStatus).where(
        col(FrameStatus.frame_id).in_(in_doubt), FrameStatus.state == VerificationState.VERIFIED
    )
    settled = {status.frame_id: status.level for status in session.exec(query)} if in_doubt else {}
    return _Looks(
        judged=firm | called | set(settled),
        missed={frame_id for frame_id, level in settled.items() if level is _T},
        unconfirmed=called - set(settled),
    )


def _auditors(reviews: Sequence[Review], paused: Collection[int]) -> list[Auditor]:
    by_person: dict[int, list[float | None]] = defaultdict(list)
    for review in reviews:
        by_person[review.person_id].append(review.seconds_shown)
    return [
        _auditor(person_id, seconds, is_paused=person_id in paused)
        for person_id, seconds in sorted(by_person.items())
    ]


def _auditor(person_id: int, seconds: Sequence[float | None], *, is_paused: bool) -> Auditor:
    timed = [one for one in seconds if one is not None]
    return Auditor(person_id, len(seconds), len(timed), median(timed) if timed else None, is_paused)
