"""Use case: how far the people of a store agree. Independent ratings count; assisted ones are reported apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
from sqlmodel import Session, col, select

from data.overview.review_columns import NONE, ReviewColumns, standing_reviews
from data.store.opening import Store
from data.store.tables import Frame, GeneratedFrame, Person
from data.vocabulary import LEVELS, Mode
from eval.agreement.coefficients import level_counts, raw_matrix, teleoperation_autonomy_conflicts
from eval.agreement.estimates import VALUES, Estimate, every_estimate
from eval.agreement.tables import Floats

Ints = npt.NDArray[np.int64]
_AT_ONCE = 500
_RANKS = [level.rank for level in LEVELS]


@dataclass(frozen=True)
class Conflict:
    """A frame on which one person said AUTONOMY and another TELEOPERATION."""

    frame_id: str
    filename: str


@dataclass(frozen=True)
class AgreementSummary:
    """Agreement over one kind of ratings.

    `rated_twice` counts frames with two or more ratings, in `scenes` scenes. `pair` are the two people with the most
    frames in common, `accounts` their accounts' names, `matrix` who of them said what (rows the first, columns the
    second); None without such a pair.
    """

    ratings: int
    people: int
    frames: int
    rated_twice: int
    scenes: int
    estimates: list[Estimate]
    pair: tuple[str, str] | None
    accounts: tuple[str, str] | None
    matrix: npt.NDArray[np.int64] | None
    conflicts: list[Conflict]

    def estimate(self, name: str) -> Estimate:
        """The estimate of that name; raises KeyError if there is none."""
        return {one.name: one for one in self.estimates}[name]


@dataclass(frozen=True)
class Agreement:
    """`independent`: blind reviews and the own level of decide-first ones. `assisted`: the final levels of reviews in
    which the proposal was shown, which agree with the proposal and so with each other."""

    independent: AgreementSummary
    assisted: AgreementSummary


def agreement(store: Store) -> Agreement:
    """Gather the ratings of real frames and compute every coefficient once."""
    with store.read() as session:
        generated = session.exec(select(GeneratedFrame.frame_id)).all()
        reviews = standing_reviews(session, now_us=store.now_us(session)).without_frames(set(generated))
        names = {int(person.id or 0): person for person in session.exec(select(Person))}
        reviews = reviews.where(~reviews.is_test)
        independent = _summary(reviews, reviews.own_level, names)
        assisted = _summary(reviews, np.where(reviews.given_in(Mode.ASSISTED), reviews.level, NONE), names)
        wanted = {one.frame_id for one in (*independent.conflicts, *assisted.conflicts)}
        files = _filenames(session, sorted(wanted))
    return Agreement(_with_files(independent, files), _with_files(assisted, files))


def _filenames(session: Session, frame_ids: list[str]) -> dict[str, str]:
    files: dict[str, str] = {}
    for start in range(0, len(frame_ids), _AT_ONCE):
        some = col(Frame.id).in_(frame_ids[start : start + _AT_ONCE])
        files.update(session.exec(select(Frame.id, Frame.filename).where(some)).all())
    return files


def _with_files(summary: AgreementSummary, files: dict[str, str]) -> AgreementSummary:
    named = [Conflict(one.frame_id, files[one.frame_id]) for one in summary.conflicts]
    return replace(summary, conflicts=named)


def _summary(reviews: ReviewColumns, levels: Ints, names: dict[int, Person]) -> AgreementSummary:
    """levels: (reviews,) the ranks that count, NONE where a review gives none of this kind."""
    given = levels != NONE
    rated, levels = reviews.where(given), levels[given]
    people, frames = np.unique(rated.person), np.unique(rated.frame)
    ratings = _ratings(rated, levels, people, frames)
    counts = level_counts(ratings, VALUES)
    twice = counts.sum(axis=1) > 1
    scenes = np.zeros(len(frames), dtype=np.int64)
    scenes[np.searchsorted(frames, rated.frame)] = rated.scene
    pair = _most_in_common(ratings)
    both = [names[int(people[one])] for one in pair] if pair else None
    conflicts = sorted(
        reviews.frame_ids[frames[place]] for place in teleoperation_autonomy_conflicts(ratings)
    )
    return AgreementSummary(
        ratings=len(levels),
        people=len(people),
        frames=len(frames),
        rated_twice=int(twice.sum()),
        scenes=len(np.unique(scenes[twice])),
        estimates=every_estimate(counts, scenes, ratings[list(pair)] if pair else None),
        pair=(both[0].display_name, both[1].display_name) if both else None,
        accounts=(both[0].name, both[1].name) if both else None,
        matrix=raw_matrix(ratings[pair[0]], ratings[pair[1]], levels=_RANKS) if pair else None,
        conflicts=[Conflict(frame_id, "") for frame_id in conflicts],
    )


def _ratings(rated: ReviewColumns, levels: Ints, people: Ints, frames: Ints) -> Floats:
    """(annotators, frames) ranks, NaN where somebody did not rate a frame; `people` and `frames` in rising order."""
    ratings = np.full((len(people), len(frames)), np.nan)
    ratings[np.searchsorted(people, rated.person), np.searchsorted(frames, rated.frame)] = levels
    return ratings


def _most_in_common(ratings: Floats) -> tuple[int, int] | None:
    rated = (~np.isnan(ratings)).astype(np.float64)
    shared = rated @ rated.T
    pairs = sorted(combinations(range(len(ratings)), 2), key=lambda pair: -shared[pair])
    return pairs[0] if pairs and shared[pairs[0]] else None
