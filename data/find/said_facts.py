"""Reading what models and people said of every frame: runs' levels and failures, and the standing reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import String, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.find.facets import (
    NONE,
    Codes,
    Facet,
    Floats,
    Ints,
    ReviewFacets,
    day_facet,
    many_codes,
    review_facets,
)
from data.find.frame_facts import FrameFacts
from data.find.question import About
from data.find.reading import rows
from data.overview.review_columns import MODES, VERDICTS, ReviewColumns, standing_reviews
from data.proposals.runs import latest_run, proposals_shown
from data.store.tables import ModelRun, Person, Proposal
from data.vocabulary import LEVELS, Failure, ModelRole

LEVEL_VALUES = tuple(level.value for level in LEVELS)
FAILED = "failed"
ANSWERS = (*LEVEL_VALUES, FAILED)
"""What a reply comes to, in the order of its codes."""
SPREADS = ("agree", "one_level", "two_levels")
_CODES: Mapping[str | None, int] = {value: place for place, value in enumerate(LEVEL_VALUES)}


@dataclass(frozen=True)
class Rows:
    """The frame of each row of a table; `id` ascends."""

    id: Ints
    frame: Ints

    def frames(self, wanted: Ints) -> Ints:
        """The frames of rows by their ids; those that are not here are left out."""
        if not len(self.id):
            return wanted[:0]
        at = np.minimum(np.searchsorted(self.id, wanted), len(self.id) - 1)
        found: Ints = self.frame[at[self.id[at] == wanted]]
        return found


@dataclass(frozen=True)
class RunFacts:
    """What runs answered. `shown`: (n,) places in `ANSWERS` of what people are shown; `teleoperation`: (n,) its
    probability of TELEOPERATION, NaN without one."""

    shown: Codes
    teleoperation: Floats
    facets: tuple[Facet, ...]
    rows: Rows


def read_run_facts(session: Session, frames: FrameFacts) -> RunFacts:
    """Read the level of every proposal."""
    runs = list(session.exec(select(ModelRun).order_by(col(ModelRun.created_at_us))))
    proposals = _proposals(session, frames)
    answers = {run.id: _answers(session, run.id, frames) for run in runs}
    shown, teleoperation = _shown(session, frames)
    facets = [
        Facet(About.PROPOSED, ANSWERS, shown),
        _of_runs(runs, answers),
        _failures(session, runs, frames),
    ]
    for about, role in ((About.STUDENT, ModelRole.STUDENT), (About.ALIGNED, ModelRole.ALIGNED)):
        run = latest_run(session, role)
        nothing = np.full(len(frames.ids), NONE, dtype=np.int32)
        facets.append(Facet(about, ANSWERS, answers[run.id] if run else nothing))
    return RunFacts(shown, teleoperation, tuple(facets), proposals)


def _proposals(session: Session, frames: FrameFacts) -> Rows:
    query = select_columns(col(Proposal.id), col(Proposal.frame_id)).order_by(col(Proposal.id))
    known = [(one, frames.place[frame]) for one, frame in rows(session, query) if frame in frames.place]
    both = np.array(known, dtype=np.int64).reshape(-1, 2)
    return Rows(both[:, 0].copy(), both[:, 1].copy())


def _answers(session: Session, run_id: str, frames: FrameFacts) -> Codes:
    query = select_columns(col(Proposal.frame_id), type_coerce(col(Proposal.level), String))
    codes = np.full(len(frames.ids), NONE, dtype=np.int32)
    for frame_id, level in rows(session, query.where(col(Proposal.run_id) == run_id)):
        if frame_id in frames.place:
            codes[frames.place[frame_id]] = _CODES.get(level, len(LEVELS))
    return codes


def _shown(session: Session, frames: FrameFacts) -> tuple[Codes, Floats]:
    columns = select_columns(
        col(Proposal.frame_id), type_coerce(col(Proposal.level), String), col(Proposal.level_probabilities)
    )
    shown = np.full(len(frames.ids), NONE, dtype=np.int32)
    teleoperation = np.full(len(frames.ids), np.nan)
    for query in proposals_shown(session, columns):
        for frame_id, level, chances in rows(session, query):
            place = frames.place.get(frame_id, NONE)
            if place != NONE:
                shown[place] = _CODES.get(level, len(LEVELS))
                teleoperation[place] = chances[-1] if chances else np.nan
    return shown, teleoperation


def _of_runs(runs: Sequence[ModelRun], answers: Mapping[str, Codes]) -> Facet:
    """Every run's answers under `name:LEVEL`."""
    values = tuple(f"{run.name}:{answer}" for run in runs for answer in ANSWERS)
    places = [np.flatnonzero(answers[run.id] >= 0) for run in runs]
    codes = [
        answers[run.id][at] + number * len(ANSWERS)
        for number, (run, at) in enumerate(zip(runs, places, strict=True))
    ]
    joined = np.concatenate(codes) if codes else np.array([], dtype=np.int32)
    frame = np.concatenate(places) if places else np.array([], dtype=np.int64)
    return Facet(About.RUN, values, joined.astype(np.int32), frame)


def _failures(session: Session, runs: Sequence[ModelRun], frames: FrameFacts) -> Facet:
    """Why replies hold no assessment: the reason of any run, and of each run under `name:reason`."""
    names = {run.id: run.name for run in runs}
    query = select_columns(
        col(Proposal.frame_id), col(Proposal.run_id), type_coerce(col(Proposal.failure), String)
    )
    failed = rows(session, query.where(col(Proposal.failure).is_not(None)))
    known = [(frames.place[frame], names[run], why) for frame, run, why in failed if frame in frames.place]
    pairs = {(place, value) for place, name, why in known for value in (why, f"{name}:{why}")}
    return many_codes(About.FAILED, [one.value for one in Failure], pairs)


@dataclass(frozen=True)
class SaidFacts:
    """What people said. `levels`: (n,) which levels stand, bit by bit from AUTONOMY; `spread`: (n,) how far apart they
    are, NONE with fewer than two reviews; `seconds`: (n,) spent on reviewing the frame."""

    levels: Codes
    spread: Codes
    seconds: Floats
    disagreement: Facet
    reviews: ReviewFacets
    rows: Rows


def read_said_facts(session: Session, frames: FrameFacts, shown: Codes, *, now_us: int) -> SaidFacts:
    """Read the standing reviews; those that tested the person on gold say nothing of a frame, and are left out."""
    columns = standing_reviews(session, now_us=now_us)
    to_place = np.array([frames.place.get(one, NONE) for one in columns.frame_ids], dtype=np.int64)
    columns = columns.where(~columns.is_test & (to_place[columns.frame] != NONE))
    frame, n = to_place[columns.frame], len(frames.ids)
    spread = _spread(columns, frame, n)
    return SaidFacts(
        levels=_levels(columns, frame, n),
        spread=spread,
        seconds=_seconds(columns, frame, n),
        disagreement=Facet(About.DISAGREEMENT, SPREADS, spread),
        reviews=review_facets(frame, n, _review_facets(session, columns, shown[frame])),
        rows=Rows(columns.id, frame),
    )


def _seconds(columns: ReviewColumns, frame: Ints, n: int) -> Floats:
    measured: Floats = np.bincount(frame, weights=np.nan_to_num(columns.seconds), minlength=n).astype(
        np.float64
    )
    return measured


def _levels(columns: ReviewColumns, frame: Ints, n: int) -> Codes:
    bits = np.zeros(n, dtype=np.int32)
    for level in LEVELS:
        bits[frame[columns.level == level.rank]] |= 1 << level.rank
    return bits


def _spread(columns: ReviewColumns, frame: Ints, n: int) -> Codes:
    high, low = np.full(n, -1, dtype=np.int32), np.full(n, len(LEVELS), dtype=np.int32)
    ranks = columns.level.astype(np.int32)
    np.maximum.at(high, frame, ranks)
    np.minimum.at(low, frame, ranks)
    return np.where(np.bincount(frame, minlength=n) > 1, high - low, NONE).astype(np.int32)


def _review_facets(session: Session, columns: ReviewColumns, shown: Codes) -> dict[About, Facet]:
    said = columns.level.astype(np.int32)
    is_cell = (shown >= 0) & (shown < len(LEVELS))
    cell = np.where(is_cell, shown * len(LEVELS) + said, NONE).astype(np.int32)
    cells = tuple(f"{one}:{other}" for one in LEVEL_VALUES for other in LEVEL_VALUES)
    people = _people(session, columns.person)
    facets = (
        people,
        _own(people, columns.own_level),
        Facet(About.SAID, LEVEL_VALUES, said),
        Facet(About.CELL, cells, cell),
        Facet(About.MODE, tuple(one.value for one in MODES), columns.mode.astype(np.int32)),
        Facet(About.VERDICT, tuple(one.value for one in VERDICTS), columns.verdict.astype(np.int32)),
        _reasons(columns),
        day_facet(About.DATE, columns.reviewed_at_us),
    )
    return {facet.about: facet for facet in facets}


def _reasons(columns: ReviewColumns) -> Facet:
    values = sorted(columns.reason_codes)
    place = np.array([*(values.index(one) for one in columns.reason_codes), NONE], dtype=np.int32)
    return Facet(About.REASON, tuple(values), place[columns.reason])


def _people(session: Session, person: Ints) -> Facet:
    query = select_columns(col(Person.id), col(Person.name)).order_by(col(Person.id))
    people = session.connection().execute(query).all()
    ids = np.array([one for one, _ in people], dtype=np.int64)
    return Facet(
        About.PERSON, tuple(name for _, name in people), np.searchsorted(ids, person).astype(np.int32)
    )


def _own(people: Facet, own_level: Ints) -> Facet:
    """Independent ratings: who said which level without having seen a proposal."""
    code = np.where(own_level >= 0, people.code * len(LEVELS) + own_level, NONE).astype(np.int32)
    return Facet(
        About.OWN, tuple(f"{name}:{level}" for name in people.values for level in LEVEL_VALUES), code
    )
