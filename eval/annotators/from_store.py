"""Use case: how each annotator works, for leads: pace, modes, haste, agreement with peers, gold, drift, bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import String, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from data.overview.review_columns import NONE, ReviewColumns, standing_reviews
from data.proposals.runs import latest_run
from data.store.opening import Store
from data.store.tables import Adjudication, GoldFrame, Person, Proposal
from data.verification.standing import not_withdrawn, paused_people
from data.vocabulary import LEVELS, Mode, ModelRole, TriageLevel
from eval.annotators.automation_bias import Bias, bias
from eval.annotators.dawid_skene import confusion_matrices
from eval.annotators.gold_score import judged
from eval.annotators.independent_truth import (
    Truth,
    counting_frames,
    observations,
    random_share,
    settled_in_order,
)
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import scene_interval

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FAST_S = 1.0
"""Nobody looks at a frame and decides in less."""
HURRIED_SHARE, HURRIED_TIMED = 0.1, 20
"""From this share of at least so many timed answers on somebody is too fast for a lead not to look."""
PAUSE_US = 10 * 60 * 1_000_000
DAY_US = 24 * 3600 * 1_000_000
DRIFT_SHARE = 3
OVERLOOKS_NEED = 50
"""Below so many frames that are likely TELEOPERATION the estimate varies by more than it could rank people by."""
_T = TriageLevel.TELEOPERATION.rank


@dataclass(frozen=True)
class WithPeers:
    """How often others' independent ratings of a frame agree with a person's, once per other rating."""

    rate: Rate
    interval: Interval | Undefined


@dataclass(frozen=True)
class Overlooks:
    """The estimated chance to say less where the true level is TELEOPERATION (Dawid-Skene, for ranking only), from so
    many frames of the person as are likely of that level."""

    share: float | Undefined
    n: int


@dataclass(frozen=True)
class AnnotatorWork:
    """One person's standing reviews in figures. Rates are None where there is nothing to count.

    hours: time between reviews no more than ten minutes apart; too_fast: of those with a measured time, decided in
    under a second; peers: independent ratings that agree with another person's on the same frame; early, late:
    agreement with peers in the first and the last third of the person's shared frames; by_week: the same by week
    since 1970; overlooks: None without shared frames; passes: of the TELEOPERATION golds, in the order of the answers.
    """

    person_id: int
    name: str
    is_active: bool
    reviews: int
    hours: float
    by_mode: dict[Mode, int]
    accepted: Rate | None
    seconds: float | None
    too_fast: Rate | None
    peers: WithPeers | None
    early: WithPeers | None
    late: WithPeers | None
    by_week: dict[int, WithPeers]
    gold: Rate | None
    gold_teleoperation: Rate | None
    passes: bool | Undefined
    overlooks: Overlooks | None
    by_day: dict[int, int]


@dataclass(frozen=True)
class PeopleSummary:
    """Everybody's work, and the bias on the random share, on gold, on true TELEOPERATION of both and for each person on
    both."""

    people: list[AnnotatorWork]
    on_random_share: Bias
    on_gold: Bias
    teleoperation: Bias
    by_person: dict[str, Bias]
    teleoperation_by_person: dict[str, Bias]
    gold_frames: int


def people_summary(store: Store) -> PeopleSummary:
    """Gather everything once and add it up by person."""
    with store.read() as session:
        reviews = standing_reviews(session, now_us=store.now_us(session))
        names = {int(person.id or 0): person for person in session.exec(select(Person))}
        place = {frame_id: number for number, frame_id in enumerate(reviews.frame_ids)}
        reviewed = np.zeros(max(1, len(place)), dtype=np.bool_)
        reviewed[reviews.frame] = True
        adjudicated = _ranks(session, place, _adjudicated())
        truth = Truth(
            proposed=_ranks(session, place, _proposed(session)),
            gold=_ranks(session, place, select_columns(col(GoldFrame.frame_id), _text(GoldFrame.level))),
            settled=settled_in_order(random_share(session, place), reviewed, adjudicated),
            counts=counting_frames(session, place),
        )
    people = np.unique(reviews.person).tolist()
    alone = reviews.where(~reviews.given_in(Mode.STACK))  # a stack is one judgement, of the frame on screen
    shared = _Shared.of(alone)
    overlooks = _overlooks(shared)
    observed = observations(alone, truth)
    own = {names[one].display_name: [seen for seen in observed if seen.person_id == one] for one in people}
    return PeopleSummary(
        people=[_work(names[one], reviews, shared, truth, overlooks.get(one)) for one in people],
        on_random_share=bias([one for one in observed if not one.is_gold]),
        on_gold=bias([one for one in observed if one.is_gold]),
        teleoperation=bias(observed, teleoperation_only=True),
        by_person={name: bias(seen) for name, seen in own.items()},
        teleoperation_by_person={name: bias(seen, teleoperation_only=True) for name, seen in own.items()},
        gold_frames=int((truth.gold != NONE).sum()),
    )


@dataclass(frozen=True)
class HurriedPerson:
    """Somebody who gives many answers in under a second."""

    person_id: int
    name: str
    too_fast: Rate


def hurried_people(session: Session, now_us: int) -> list[HurriedPerson]:
    """Who is too fast for a lead not to look, whose answers are not paused already; the fastest first."""
    reviews = standing_reviews(session, now_us=now_us)
    paused = paused_people(session)
    people = session.exec(
        select(Person).where(col(Person.is_scripted).is_(False), col(Person.id).not_in(paused))
    )
    found = []
    for person in people:
        rate = _too_fast(reviews.seconds[reviews.person == person.id])
        if rate is not None and rate.n >= HURRIED_TIMED and rate.value >= HURRIED_SHARE:
            found.append(HurriedPerson(int(person.id or 0), person.display_name, rate))
    return sorted(found, key=lambda one: -one.too_fast.value)


def _too_fast(seconds: Floats) -> Rate | None:
    """Of the answers with a measured time, those in under a second."""
    return _rate(seconds[~np.isnan(seconds)] < FAST_S)


def _text(column: Any) -> Any:
    return type_coerce(column, String)


def _proposed(session: Session) -> Any:
    run = latest_run(session, ModelRole.TEACHER)
    return select_columns(col(Proposal.frame_id), _text(Proposal.level)).where(
        col(Proposal.run_id) == (run.id if run else ""), col(Proposal.level).is_not(None)
    )


def _adjudicated() -> Any:
    latest = select_columns(func.max(col(Adjudication.id))).where(not_withdrawn())
    latest = latest.group_by(col(Adjudication.frame_id))
    return select_columns(col(Adjudication.frame_id), _text(Adjudication.level)).where(
        col(Adjudication.id).in_(latest)
    )


def _ranks(session: Session, place: dict[str, int], query: Any) -> Ints:
    """(frames,) the ranks that a query of (frame id, level) gives."""
    rank = {level.value: level.rank for level in LEVELS}
    ranks = np.full(max(1, len(place)), NONE, dtype=np.int64)
    rows = session.connection().execute(query).all()
    if rows:
        frames, levels = zip(*rows, strict=True)
        ranks[[place[one] for one in frames]] = [rank[one] for one in levels]
    return ranks


@dataclass(frozen=True)
class _Shared:
    """Independent ratings of frames that several people rated so, tests left out, oldest first, one entry each.

    same, others: how many of the frame's other ratings agree, and how many there are.
    """

    person: Ints
    frame: Ints
    level: Ints
    same: Ints
    others: Ints
    scene: Ints
    rated_at_us: Ints

    @classmethod
    def of(cls, reviews: ReviewColumns) -> _Shared:
        own = reviews.own_level
        rated, level = reviews.where((own != NONE) & ~reviews.is_test), own[(own != NONE) & ~reviews.is_test]
        frames, frame = np.unique(rated.frame, return_inverse=True)
        counts = np.zeros((len(frames), len(LEVELS)), dtype=np.int64)
        np.add.at(counts, (frame, level), 1)
        same, others = counts[frame, level] - 1, counts.sum(axis=1)[frame] - 1
        several = others > 0
        columns = (rated.person, rated.frame, level, same, others, rated.scene, rated.reviewed_at_us)
        return cls(*(column[several] for column in columns))

    def agreement(self, wanted: Flags | Ints) -> WithPeers | None:
        """How often others agree with those ratings."""
        same, others = self.same[wanted], self.others[wanted]
        if not others.sum():
            return None
        scenes, place = np.unique(self.scene[wanted], return_inverse=True)
        sums = [np.bincount(place, weights=one, minlength=len(scenes)) for one in (same, others)]
        return WithPeers(Rate(int(same.sum()), int(others.sum())), scene_interval(*sums))


def _work(
    person: Person, everybody: ReviewColumns, shared: _Shared, truth: Truth, overlooks: Overlooks | None
) -> AnnotatorWork:
    person_id = int(person.id or 0)
    reviews = everybody.where(everybody.person == person_id)
    proposed, gold = truth.proposed[reviews.frame], truth.gold[reviews.frame]
    shown = (reviews.given_in(Mode.ASSISTED) | reviews.given_in(Mode.DECIDE_FIRST)) & (proposed != NONE)
    measured = reviews.seconds[~np.isnan(reviews.seconds)]
    rated = np.flatnonzero(shared.person == person_id)
    third = len(rated) // DRIFT_SHARE
    on_t = reviews.is_test & (gold == _T)
    seen = reviews.level[on_t] == gold[on_t]
    return AnnotatorWork(
        person_id=person_id,
        name=person.display_name,
        is_active=not person.is_disabled,
        reviews=len(reviews),
        hours=_hours(reviews.reviewed_at_us),
        by_mode={mode: int(reviews.given_in(mode).sum()) for mode in Mode},
        accepted=_rate(reviews.level[shown] == proposed[shown]),
        seconds=float(np.median(measured)) if len(measured) else None,
        too_fast=_too_fast(reviews.seconds),
        peers=shared.agreement(rated),
        early=shared.agreement(rated[:third]),
        late=shared.agreement(rated[len(rated) - third :]),
        by_week=_by_week(shared, rated),
        gold=_rate(reviews.level[reviews.is_test] == gold[reviews.is_test]),
        gold_teleoperation=_rate(seen),
        passes=judged(seen[np.argsort(reviews.reviewed_at_us[on_t], kind="stable")].tolist()),
        overlooks=overlooks,
        by_day=_by_day(reviews.reviewed_at_us),
    )


def _hours(times_us: Ints) -> float:
    gaps = np.diff(np.sort(times_us))
    return float(gaps[gaps <= PAUSE_US].sum() / 3.6e9)


def _rate(hits: Flags) -> Rate | None:
    return Rate(int(hits.sum()), len(hits)) if len(hits) else None


def _by_day(times_us: Ints) -> dict[int, int]:
    """Reviews by day since 1970, UTC."""
    days, times = np.unique(times_us // DAY_US, return_counts=True)
    return dict(zip(days.tolist(), times.tolist(), strict=True))


def _by_week(shared: _Shared, rated: Ints) -> dict[int, WithPeers]:
    """Agreement with peers by week since 1970 (of seven days, UTC), for weeks with shared frames."""
    week = shared.rated_at_us[rated] // (7 * DAY_US)
    found = {int(one): shared.agreement(rated[week == one]) for one in np.unique(week)}
    return {one: agreed for one, agreed in found.items() if agreed is not None}


def _overlooks(shared: _Shared) -> dict[int, Overlooks]:
    people, row = np.unique(shared.person, return_inverse=True)
    if not len(people):
        return {}
    frames, column = np.unique(shared.frame, return_inverse=True)
    ratings: npt.NDArray[np.float64] = np.full((len(people), len(frames)), np.nan)
    ratings[row, column] = shared.level
    matrices, true = confusion_matrices(ratings)
    likely = np.bincount(row, weights=true[column, _T], minlength=len(people))
    return {
        int(person_id): Overlooks(
            _overlooked(float(1 - matrices[place, _T, _T]), likely[place]), int(likely[place])
        )
        for place, person_id in enumerate(people)
    }


def _overlooked(share: float, likely: float) -> float | Undefined:
    if likely < OVERLOOKS_NEED:
        return Undefined(f"{likely:.0f} frames are likely TELEOPERATION, {OVERLOOKS_NEED} are needed")
    return share
