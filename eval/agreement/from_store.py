"""Use case: how far the people of a store agree. Independent ratings count; assisted ones are reported apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlmodel import Session, col, select

from data.overview.review_columns import NONE, Said, said_by_people
from data.store.opening import Store
from data.store.tables import Frame, GeneratedFrame, Person
from data.vocabulary import LEVELS, Mode, TriageLevel
from eval.agreement.coefficients import (
    alpha_of,
    coincidence_matrices,
    disagreement,
    kappa_of,
    level_counts,
    raw_matrix,
    teleoperation_autonomy_conflicts,
)
from eval.agreement.tables import ac_of, ac_tables, fleiss_of, fleiss_tables, sums_by_scene
from eval.statistics.intervals import scene_interval
from eval.statistics.rate import Interval, Rate, Undefined

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_AT_ONCE = 500
_RANKS = [level.rank for level in LEVELS]
_VALUES: Floats = np.array(_RANKS, dtype=np.float64)
_T = TriageLevel.TELEOPERATION.rank
COST: Floats = np.array([[0.0, 1.0, 5.0], [1.0, 0.0, 2.0], [5.0, 2.0, 0.0]])
"""What a disagreement between two people costs; between peers neither is the truth, so it is symmetric."""
ALPHA = "Krippendorff's alpha, ordinal"
TELEOPERATION_AGREEMENT = f"{TriageLevel.TELEOPERATION.value} agreement"
NO_OVERLAP = Undefined("no frame was rated by two annotators")
ONE_LEVEL = Undefined("only one level was used, so agreement cannot be told from habit")


@dataclass(frozen=True)
class Estimate:
    """A figure with its bootstrap interval over scenes (95 %), what it was computed on, and what it means."""

    name: str
    value: float | Rate | Undefined
    interval: Interval | Undefined
    n: int
    definition: str


@dataclass(frozen=True)
class Conflict:
    """A frame on which one person said AUTONOMY and another TELEOPERATION."""

    frame_id: str
    filename: str


@dataclass(frozen=True)
class AgreementSummary:
    """Agreement over one kind of ratings.

    `rated_twice` counts frames with two or more ratings, in `scenes` scenes. `pair` are the two people with the most
    frames in common, `matrix` who of them said what (rows the first, columns the second); None without such a pair.
    """

    ratings: int
    people: int
    frames: int
    rated_twice: int
    scenes: int
    estimates: list[Estimate]
    pair: tuple[str, str] | None
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
        said = said_by_people(session, now_us=store.now_us(session)).without_frames(set(generated))
        names = {int(person.id or 0): person.display_name for person in session.exec(select(Person))}
        said = said.where(~said.is_test)
        independent = _summary(said, said.own_level, names)
        assisted = _summary(said, np.where(said.given_in(Mode.ASSISTED), said.level, NONE), names)
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


def _summary(said: Said, levels: Ints, names: dict[int, str]) -> AgreementSummary:
    """levels: (reviews,) the ranks that count, NONE where a review gives none of this kind."""
    given = levels != NONE
    rated, levels = said.where(given), levels[given]
    people = np.unique(rated.person)
    often, times = np.unique(rated.frame, return_counts=True)
    twice = often[times > 1]
    ratings = _ratings(rated, levels, people, twice)
    scenes = np.zeros(len(twice), dtype=np.int64)
    several = np.isin(rated.frame, twice)
    scenes[np.searchsorted(twice, rated.frame[several])] = rated.scene[several]
    pair = _most_in_common(ratings)
    conflicts = sorted(said.frame_ids[twice[place]] for place in teleoperation_autonomy_conflicts(ratings))
    return AgreementSummary(
        ratings=len(levels),
        people=len(people),
        frames=len(often),
        rated_twice=len(twice),
        scenes=len(np.unique(scenes)),
        estimates=_estimates(ratings, scenes, ratings[list(pair)] if pair else None),
        pair=(names[int(people[pair[0]])], names[int(people[pair[1]])]) if pair else None,
        matrix=raw_matrix(ratings[pair[0]], ratings[pair[1]], levels=_RANKS) if pair else None,
        conflicts=[Conflict(frame_id, "") for frame_id in conflicts],
    )


def _ratings(rated: Said, levels: Ints, people: Ints, frames: Ints) -> Floats:
    """(annotators, frames) ranks, NaN where somebody did not rate a frame; `people` and `frames` in rising order."""
    ratings = np.full((len(people), len(frames)), np.nan)
    wanted = np.isin(rated.frame, frames)
    rows = np.searchsorted(people, rated.person[wanted])
    ratings[rows, np.searchsorted(frames, rated.frame[wanted])] = levels[wanted]
    return ratings


def _estimates(ratings: Floats, scenes: Ints, two: Floats | None) -> list[Estimate]:
    pairs = coincidence_matrices(ratings, _VALUES)
    counts = level_counts(ratings, _VALUES)
    found = [
        _estimate(ALPHA, "All people; distances by ranks.", pairs, scenes,
                  lambda t: alpha_of(t, _VALUES, "ordinal")),
        _estimate("Krippendorff's alpha, nominal", "All people; any two levels differ alike.", pairs, scenes,
                  lambda t: alpha_of(t, _VALUES, "nominal")),
        _estimate("Cost-weighted agreement", "1 - cost of disagreements over cost expected by chance; A against T 5, "
                  "S against T 2, A against S 1.", pairs, scenes, lambda t: kappa_of(t, COST)),
        _estimate("Gwet's AC1", "All people; chance agreement that does not grow with a frequent level.",
                  ac_tables(counts, 1 - disagreement(3)), scenes, lambda t: ac_of(t, 1 - disagreement(3))),
        _estimate("Gwet's AC2, quadratic", "As AC1 with squared distances. High where one level is frequent: read it "
                  "beside alpha.", ac_tables(counts, 1 - disagreement(3, "quadratic")), scenes,
                  lambda t: ac_of(t, 1 - disagreement(3, "quadratic"))),
        _fleiss(counts, scenes),
    ]  # fmt: skip
    found += [_specific(counts, scenes, level) for level in reversed(LEVELS)]
    if two is not None:
        found += _cohen(two, scenes)
    return found


def _estimate(
    name: str,
    definition: str,
    per_frame: npt.NDArray[Any],
    scenes: Ints,
    statistic: Callable[[Floats], Floats],
) -> Estimate:
    """A coefficient of sums over frames, with the bootstrap over scenes of the same function."""
    n = len(per_frame)
    if not n:
        return Estimate(name, NO_OVERLAP, NO_OVERLAP, 0, definition)
    tables = sums_by_scene(per_frame, scenes)
    value = float(statistic(tables.sum(axis=0)[None])[0])
    if np.isnan(value):
        return Estimate(name, ONE_LEVEL, ONE_LEVEL, n, definition)
    return Estimate(name, value, scene_interval(tables, statistic), n, definition)


def _fleiss(counts: Floats, scenes: Ints) -> Estimate:
    """Over the frames with the most frequent number of ratings, since Fleiss' kappa allows one number only."""
    raters = counts.sum(axis=1)
    usual = Counter(raters.tolist()).most_common(1)[0][0] if len(raters) else 0
    alike = raters == usual
    definition = f"Frames rated by exactly {int(usual)} people." if usual else "Frames rated equally often."
    return _estimate("Fleiss' kappa", definition, fleiss_tables(counts[alike]), scenes[alike], fleiss_of)


def _specific(counts: Floats, scenes: Ints, level: TriageLevel) -> Estimate:
    name = f"{level.value} agreement"
    definition = f"Where one person says {level.value}, how often another does too; n counts ordered pairs."
    said, others = counts[:, level.rank], counts.sum(axis=1) - 1
    pairs = np.stack([said * (said - 1), said * others], axis=1)
    both, total = (int(one) for one in pairs.sum(axis=0)) if len(pairs) else (0, 0)
    if not total:
        reason = Undefined("no frame rated by two annotators was given this level")
        return Estimate(name, reason, reason, 0, definition)
    interval = scene_interval(sums_by_scene(pairs, scenes), _share)
    return Estimate(name, Rate(both, total), interval, total, definition)


def _share(sums: Floats) -> Floats:
    whole = sums[:, 1]
    return np.divide(sums[:, 0], whole, out=np.full(len(sums), np.nan), where=whole > 0)


def _cohen(two: Floats, scenes: Ints) -> list[Estimate]:
    both = ~np.isnan(two).any(axis=0)
    first, second = two[:, both].astype(np.int64)
    cells = np.zeros((len(first), 3, 3))
    cells[np.arange(len(first)), first, second] = 1
    return [
        _estimate(
            f"Cohen's kappa, {word}",
            "The two people with the most frames in common.",
            cells,
            scenes[both],
            lambda tables, weights=weights: kappa_of(tables, disagreement(3, weights)),  # type: ignore[misc]
        )
        for word, weights in (("unweighted", None), ("linear", "linear"), ("quadratic", "quadratic"))
    ]


def _most_in_common(ratings: Floats) -> tuple[int, int] | None:
    rated = (~np.isnan(ratings)).astype(np.float64)
    shared = rated @ rated.T
    pairs = sorted(combinations(range(len(ratings)), 2), key=lambda pair: -shared[pair])
    return pairs[0] if pairs and shared[pairs[0]] else None
