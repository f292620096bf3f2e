"""Projects with planted follow rates and switches, taken through the verification path and measured.

Modes, the random share, verification, adjudication and gold follow the product's own rules; only people and pictures
are drawn. Where `spread` is above 0, frames of one scene share how strongly people follow there, as frames of one
situation do; gold, which was contested, then comes from other scenes than most, and the random share alone speaks of
all frames.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from annotator.review_order.ranking import is_in_random_share
from data.hashing import seeded_chance
from data.overview.review_columns import MODES, NONE, ReviewColumns
from data.review.line.modes import assign_mode
from data.verification.policy import ReviewFact, verify
from data.vocabulary import LEVELS, Mode, Split, TriageLevel, VerificationState
from eval.annotators.automation_bias import Bias, bias
from eval.annotators.independent_truth import Truth, observations, settled_in_order
from eval.statistics.rate import Interval

KEY = bytes(32)
FRAMES = 12
PEOPLE = range(1, 9)
GOLD_SHARE, GOLD_REVIEWERS = 0.5, 6
HELD_OUT_EVERY = 10
FIRST_RIGHT = 0.6
SHARES = {Mode.ASSISTED: 0.5, Mode.DECIDE_FIRST: 0.25, Mode.BLIND: 0.25}
"""As a team sets them that wants to know; with the default shares the same figures take more frames."""


@dataclass(frozen=True)
class Planted:
    """What is true of the people: how often they follow a wrong proposal shown at once, say the same without seeing it,
    give way to a wrong one, and let a right one set them right."""

    assisted: float = 0.3
    blind: float = 0.1
    harmful: float = 0.2
    helpful: float = 0.2

    def figures(self) -> tuple[float, float, float, float, float]:
        return self.assisted, self.blind, self.harmful, self.helpful, self.assisted - self.blind


@dataclass
class _Written:
    """Rows of reviews as they are written."""

    rows: list[tuple[int, int, int, int, int, int, bool]] = field(default_factory=list)

    def add(
        self, frame: int, person: int, mode: Mode, level: int, first: int, *, is_test: bool = False
    ) -> None:
        place = MODES.index(mode)
        self.rows.append((frame, frame // FRAMES, person, place, level, first, is_test))


class Project:
    """One project of so many scenes, reviewed to its end."""

    def __init__(self, planted: Planted, seed: int, *, scenes: int = 240, spread: float = 0.0) -> None:
        self.rng, self.seed, self.scenes, self.spread = np.random.default_rng(seed), seed, scenes, spread
        n = scenes * FRAMES
        self.true = self.rng.choice(3, size=n, p=[0.49, 0.38, 0.13])
        wrong = self.rng.random(n) < 0.2
        self.proposed = np.where(wrong, (self.true + self.rng.integers(1, 3, n)) % 3, self.true)
        self.chances = {name: self._by_scene(share, spread) for name, share in vars(planted).items()}
        self.written, self.adjudicated = _Written(), np.full(n, NONE)
        self.gold = np.full(n, NONE)
        self.seen: dict[int, set[int]] = defaultdict(set)

    def _by_scene(self, share: float, spread: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """(scenes,) chances with this mean; `spread` is the correlation of two frames of one scene."""
        if not spread:
            return np.full(self.scenes, share)
        more = (1 - spread) / spread
        return np.asarray(self.rng.beta(share * more, (1 - share) * more, self.scenes))

    def reviewed(self) -> Bias:
        """Review, settle, test and measure."""
        # The order of review jumps between scenes, so that few frames come just after a neighbour.
        for frame in self.rng.permutation(len(self.true)).tolist():
            self._verify(frame)
        for frame in self.rng.permutation(np.flatnonzero(self.gold != NONE)).tolist():
            self._test(frame)
        observed = observations(self._columns(), self.truth())
        return bias([one for one in observed if not (one.is_gold and self.spread)])

    def by_disagreement(self) -> Bias:
        """What the same reviews show where truth is what leads said of contested frames alone."""
        contested = Truth(self.proposed, self.gold, self.adjudicated, self.truth().counts)
        return bias(observations(self._columns(), contested))

    def _split(self, frame: int) -> Split:
        return Split.HELD_OUT if (frame // FRAMES) % HELD_OUT_EVERY == 0 else Split.TRAIN

    def _verify(self, frame: int) -> None:
        """One person after the other, as long as the frame needs them; then a lead where people disagree."""
        split, facts = self._split(frame), []
        for person in self.rng.permutation(PEOPLE).tolist():
            mode = assign_mode(KEY, self._name(frame), person, split, shares=SHARES)
            level, first = self._answer(frame, mode)
            self.written.add(frame, person, mode, level, first)
            self.seen[frame].add(person)
            facts.append(ReviewFact(len(self.written.rows), person, LEVELS[level], mode))
            proposed: TriageLevel = LEVELS[self.proposed[frame]]
            found = verify(facts, proposed=proposed, split=split)
            if found.state is not VerificationState.AWAITING:
                break
        is_contested = found.state is VerificationState.CONTESTED
        is_settled = is_contested or (split is Split.TRAIN and is_in_random_share(self._name(frame)))
        if is_settled:
            self.adjudicated[frame] = self.true[frame]
        if is_contested and split is Split.TRAIN and self.rng.random() < GOLD_SHARE:
            self.gold[frame] = self.true[frame]

    def _test(self, frame: int) -> None:
        others = [person for person in PEOPLE if person not in self.seen[frame]]
        for person in self.rng.permutation(others).tolist()[:GOLD_REVIEWERS]:
            mode = assign_mode(KEY, self._name(frame), person, Split.TRAIN, shares=SHARES)
            self.written.add(frame, person, mode, *self._answer(frame, mode), is_test=True)

    def _answer(self, frame: int, mode: Mode) -> tuple[int, int]:
        """(final level, own first level or NONE)."""
        true, proposed = int(self.true[frame]), int(self.proposed[frame])
        if mode is not Mode.DECIDE_FIRST:
            follows = proposed != true and self._happens(mode.value, frame)
            return (proposed if follows else true), NONE
        if self.rng.random() < FIRST_RIGHT:
            switches = proposed != true and self._happens("harmful", frame)
            return (proposed if switches else true), true
        first = (true + int(self.rng.integers(1, 3))) % 3
        switches = proposed == true and self._happens("helpful", frame)
        return (proposed if switches else first), first

    def _happens(self, what: str, frame: int) -> bool:
        return bool(self.rng.random() < self.chances[what][frame // FRAMES])

    def _scene(self, frame: int) -> str:
        return f"{self.seed}-scene-{frame // FRAMES}"

    def _name(self, frame: int) -> str:
        return f"{self.seed}-frame-{frame}"

    def _columns(self) -> ReviewColumns:
        frame, scene, person, mode, level, first, is_test = map(
            np.array, zip(*self.written.rows, strict=True)
        )
        n = len(frame)
        return ReviewColumns(
            frame_ids=[self._name(one) for one in range(len(self.true))],
            scene_ids=[self._scene(FRAMES * one) for one in range(self.scenes)],
            reason_codes=[],
            frame=frame,
            scene=scene,
            person=person,
            mode=mode,
            level=level,
            first=first,
            id=np.arange(n),
            verdict=np.full(n, NONE),
            reason=np.full(n, NONE),
            seconds=np.full(n, 3.0),
            reviewed_at_us=np.arange(n) * 5_000_000,
            is_test=is_test,
        )

    def truth(self) -> Truth:
        frames = range(len(self.true))
        share = [
            one for one in frames if self._split(one) is Split.TRAIN and is_in_random_share(self._name(one))
        ]
        share.sort(key=lambda one: seeded_chance("place", self._name(one)))
        reviewed = np.ones(len(self.true), dtype=np.bool_)
        counts = np.array([self._split(one) is Split.TRAIN for one in frames])
        settled = settled_in_order(share, reviewed, self.adjudicated)
        return Truth(proposed=self.proposed, gold=self.gold, settled=settled, counts=counts)


def held(planted: Planted, found: Bias) -> Iterator[tuple[int, bool]]:
    """(number of the figure, whether its interval holds what was planted) for every figure that is shown."""
    intervals = [share.interval if share.is_shown else None for share in found.shares] + [
        found.effect_interval
    ]
    for number, (truth, interval) in enumerate(zip(planted.figures(), intervals, strict=True)):
        if isinstance(interval, Interval):
            yield number, interval.low <= truth <= interval.high


def coverage(
    planted: Planted, projects: int, *, scenes: int = 240, spread: float = 0.0
) -> list[tuple[int, int]]:
    """(projects whose interval holds the truth, projects that show it) by figure."""
    counts = [[0, 0] for _ in planted.figures()]
    for seed in range(projects):
        for number, is_held in held(planted, Project(planted, seed, scenes=scenes, spread=spread).reviewed()):
            counts[number][0] += is_held
            counts[number][1] += 1
    return [(hits, shown) for hits, shown in counts]
