"""Use case: how each annotator works, for leads: pace, modes, haste, agreement with peers, gold, drift, bias."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np
import numpy.typing as npt
from sqlmodel import Session, select

from data.frame_status import adjudications_by_frame
from data.progress import Said, said_by_people
from data.proposals import latest_run
from data.store import Store
from data.tables import GoldFrame, Person, Proposal
from data.vocabulary import Mode, ModelRole, TriageLevel
from eval.automation_bias import Bias, Observation, bias
from eval.dawid_skene import confusion_matrices
from eval.gold_score import judged
from eval.rate import Rate, Undefined

FAST_S = 1.0
"""Nobody looks at a frame and decides in less."""
PAUSE_US = 10 * 60 * 1_000_000
DAY_US = 24 * 3600 * 1_000_000
DRIFT_SHARE = 3


@dataclass(frozen=True)
class AnnotatorWork:
    """One person's standing reviews in figures. Rates are None where there is nothing to count.

    hours: time between reviews no more than ten minutes apart; too_fast: of those with a measured time, decided in
    under a second; peers: independent ratings that agree with another person's on the same frame; early, late:
    agreement with peers in the first and the last third of the person's shared frames; overlooks: estimated chance
    to say less where the true level is TELEOPERATION (Dawid-Skene, for ranking only), None without shared frames.
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
    peers: Rate | None
    early: Rate | None
    late: Rate | None
    gold: Rate | None
    gold_teleoperation: Rate | None
    passes: bool | Undefined
    overlooks: float | None
    by_day: dict[int, int]


@dataclass(frozen=True)
class PeopleSummary:
    """Everybody's work, the pooled bias, that for true TELEOPERATION, and each person's own."""

    people: list[AnnotatorWork]
    pooled: Bias
    teleoperation: Bias
    by_person: dict[str, Bias]
    gold_frames: int


def people_summary(store: Store) -> PeopleSummary:
    """Gather everything once and add it up by person."""
    with store.read() as session:
        said = said_by_people(session)
        people = {int(person.id or 0): person for person in session.exec(select(Person))}
        golds = {gold.frame_id: gold for gold in session.exec(select(GoldFrame))}
        proposed = _proposed(session)
        true = {frame_id: one.level for frame_id, one in adjudications_by_frame(session).items()}
    by_person: dict[int, list[Said]] = defaultdict(list)
    for one in said:
        by_person[one.person_id].append(one)
    shared = _shared(said)
    overlooks = _overlooks(said)
    work = [
        _work(people[person_id], own, shared, golds, proposed, overlooks.get(person_id))
        for person_id, own in sorted(by_person.items())
    ]
    observations = [found for one in said if (found := _observation(one, proposed, true)) is not None]
    return PeopleSummary(
        people=work,
        pooled=bias(observations),
        teleoperation=bias(observations, teleoperation_only=True),
        by_person={
            people[person_id].display_name: bias([one for one in observations if one.person_id == person_id])
            for person_id in sorted(by_person)
        },
        gold_frames=len(golds),
    )


def _proposed(session: Session) -> dict[str, TriageLevel]:
    run = latest_run(session, ModelRole.TEACHER)
    query = select(Proposal.frame_id, Proposal.level).where(Proposal.run_id == (run.id if run else ""))  # type: ignore[type-var]
    return {frame_id: level for frame_id, level in session.exec(query) if level is not None}


def _observation(
    one: Said, proposed: dict[str, TriageLevel], true: dict[str, TriageLevel]
) -> Observation | None:
    if one.frame_id not in proposed or one.frame_id not in true:
        return None
    return Observation(
        one.person_id,
        one.scene_id,
        one.mode,
        proposed[one.frame_id],
        true[one.frame_id],
        one.level,
        one.first_level,
    )


def _shared(said: Iterable[Said]) -> dict[str, list[tuple[int, TriageLevel]]]:
    """Independent ratings by frame, tests left out."""
    ratings: dict[str, list[tuple[int, TriageLevel]]] = defaultdict(list)
    for one in said:
        level = one.own_level
        if level is not None and not one.is_test:
            ratings[one.frame_id].append((one.person_id, level))
    return {frame_id: given for frame_id, given in ratings.items() if len(given) > 1}


def _work(
    person: Person,
    own: Sequence[Said],
    shared: dict[str, list[tuple[int, TriageLevel]]],
    golds: dict[str, GoldFrame],
    proposed: dict[str, TriageLevel],
    overlooks: float | None,
) -> AnnotatorWork:
    times = sorted(one.reviewed_at_us for one in own)
    gaps = [late - early for early, late in pairwise(times)]
    shown = [one for one in own if one.mode is not Mode.BLIND and one.frame_id in proposed]
    measured = [one.seconds_shown for one in own if one.seconds_shown is not None]
    agrees = _agreements(own, shared)
    third = len(agrees) // DRIFT_SHARE
    tests = [(one, golds[one.frame_id].level) for one in own if one.is_test]
    on_t = [one.level is level for one, level in tests if level is TriageLevel.TELEOPERATION]
    seen = _rate(on_t)
    return AnnotatorWork(
        person_id=int(person.id or 0),
        name=person.display_name,
        is_active=not person.is_disabled,
        reviews=len(own),
        hours=sum(gap for gap in gaps if gap <= PAUSE_US) / 3.6e9,
        by_mode={mode: sum(one.mode is mode for one in own) for mode in Mode},
        accepted=_rate([one.level is proposed[one.frame_id] for one in shown]),
        seconds=median(measured) if measured else None,
        too_fast=_rate([seconds < FAST_S for seconds in measured]),
        peers=_rate(agrees),
        early=_rate(agrees[:third]),
        late=_rate(agrees[len(agrees) - third :]),
        gold=_rate([one.level is level for one, level in tests]),
        gold_teleoperation=seen,
        passes=judged(seen),
        overlooks=overlooks,
        by_day=_by_day(times),
    )


def _agreements(own: Sequence[Said], shared: dict[str, list[tuple[int, TriageLevel]]]) -> list[bool]:
    """Whether each of a person's shared ratings agrees, once per other rating, oldest first."""
    return [
        level is one.own_level
        for one in own
        if one.own_level is not None and not one.is_test
        for person_id, level in shared.get(one.frame_id, ())
        if person_id != one.person_id
    ]


def _rate(hits: Sequence[bool]) -> Rate | None:
    return Rate(sum(hits), len(hits)) if hits else None


def _by_day(times: Sequence[int]) -> dict[int, int]:
    """Reviews by day since 1970, UTC."""
    days: dict[int, int] = defaultdict(int)
    for time_us in times:
        days[time_us // DAY_US] += 1
    return dict(days)


def _overlooks(said: Sequence[Said]) -> dict[int, float]:
    shared = _shared(said)
    people = sorted({person_id for given in shared.values() for person_id, _ in given})
    if not people:
        return {}
    ratings: npt.NDArray[np.float64] = np.full((len(people), len(shared)), np.nan)
    for place, given in enumerate(shared.values()):
        for person_id, level in given:
            ratings[people.index(person_id), place] = level.rank
    matrices, _ = confusion_matrices(ratings)
    return {person_id: float(1 - matrices[row, 2, 2]) for row, person_id in enumerate(people)}
