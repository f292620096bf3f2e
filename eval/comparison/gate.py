"""Whether one run may take another's place: a quantised model that of the model it was made from.

Both answered the same frames, and what counts is the difference in missed TELEOPERATION. The gate is passed where the
upper end of its 95 % interval over scenes is at most the margin. Quantising changes few answers, and where few scenes
hold a difference, the variance between scenes says too little: of runs that are one point worse, the sign-flip interval
and a normal one pass more than half at 60 scenes. `scene_difference` takes all frames of a scene as one and passes at
most 7 in 1,000 (`tests/eval/comparison/gate_simulation.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np

from data.errors import EvaluationError
from data.vocabulary import TriageLevel
from eval.comparison.claim import Claimed
from eval.metrics.answers import Answers, T
from eval.statistics.intervals import FEWEST_SCENES, too_few_scenes
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import (
    Floats,
    equal_scenes,
    scene_difference,
    scenes_without_difference,
)
from eval.statistics.values import Method, Part

MARGIN = 0.01
"""One point of missed TELEOPERATION."""


class Gate(Part):
    """`run` in place of `than`, on `frames` true TELEOPERATION frames of `scenes` scenes.

    `only_run`, `only_than`: frames that one misses and the other does not. `difference`: what the run misses minus what
    the other misses, of these frames; `interval` two-sided, `worst` its upper end with every frame that people
    disagree about and the run alone may miss counted as missed. `is_passed` where `worst` is at most `margin`.
    `smallest_margin`: what these scenes show at best, where the runs never differ; the margin itself takes about
    `frames_needed` frames of `scenes_needed` such scenes without a difference.
    """

    run: str
    than: str
    margin: float
    frames: int
    scenes: int
    only_run: int
    only_than: int
    difference: float | Undefined
    interval: Interval | Undefined
    worst: float | Undefined
    is_passed: bool
    smallest_margin: float | Undefined
    scenes_needed: int | None
    frames_needed: int | None
    says: str


def gates(
    runs: Sequence[Answers], than: str, margin: float, held: Mapping[str, Claimed], method: Method
) -> list[Gate]:
    """Every other run against `than`; the intervals share the error. held: what they said of open frames too.

    Raises EvaluationError: `than` is not among the runs, or alone, or the margin is no share.
    """
    if not 0 < margin < 1:
        raise EvaluationError(f"The margin {margin:g} is no share between 0 and 1; write 0.01 for one point.")
    base = next((run for run in runs if run.name == than), None)
    others = [run for run in runs if run.name != than]
    if base is None or not others:
        raise EvaluationError(f"Name {than} and at least one other run to hold against it.")
    confidence = 1 - (1 - method.confidence) / len(others)
    return [_gate(run, base, margin, (held[run.name], held[than]), confidence) for run in others]


def _gate(
    run: Answers, base: Answers, margin: float, held: tuple[Claimed, Claimed], confidence: float
) -> Gate:
    true_t = run.true == T
    missed, missed_before = (one.said[true_t] != T for one in (run, base))
    newly, found_again = missed & ~missed_before, missed_before & ~missed
    scene = run.scene[true_t]
    more, fewer, frames = (
        _by_scene(scene, one, run.scenes) for one in (newly, found_again, np.ones(len(scene)))
    )
    interval = scene_difference(more, fewer, frames, confidence=confidence)
    upper = _worst(more, fewer, frames, _newly_missed(*held), confidence)
    n, scenes = len(scene), int((frames > 0).sum())
    worth = equal_scenes(frames) if n else 0.0
    needed = scenes_without_difference(margin, confidence=confidence) / worth if n else float("nan")
    found = Gate(
        run=run.name,
        than=base.name,
        margin=margin,
        frames=n,
        scenes=scenes,
        only_run=int(newly.sum()),
        only_than=int(found_again.sum()),
        difference=(int(newly.sum()) - int(found_again.sum())) / n
        if n
        else Undefined("there is no true TELEOPERATION frame"),
        interval=interval,
        worst=upper,
        is_passed=not isinstance(upper, Undefined) and upper <= margin,
        smallest_margin=1 - ((1 - confidence) / 4) ** (1 / worth)
        if scenes >= FEWEST_SCENES
        else too_few_scenes(scenes),
        scenes_needed=ceil(needed * scenes) if n else None,
        frames_needed=ceil(needed * n) if n else None,
        says="",
    )
    return found.model_copy(update={"says": in_words(found)})


def smallest_margin(worth: float, confidence: float) -> float:
    """What scenes worth so many frames show where no frame differs.

    >>> round(smallest_margin(436, 0.95), 4)
    0.01
    """
    return float(1 - ((1 - confidence) / 4) ** (1 / worth))


def _worst(
    more: Floats, fewer: Floats, frames: Floats, opened: Sequence[int], confidence: float
) -> float | Undefined:
    """The upper end with a frame more that the run alone misses in each of the scenes of `opened`."""
    places = np.array(opened, dtype=np.int64)
    widest = max(len(frames), int(places.max(initial=-1)) + 1)
    added = np.bincount(places, minlength=widest).astype(np.float64)
    more, fewer, frames = (np.pad(one, (0, widest - len(one))) for one in (more, fewer, frames))
    found = scene_difference(more + added, fewer, frames + added, confidence=confidence)
    return found if isinstance(found, Undefined) else found.high


def _by_scene(scene: np.ndarray, of_frame: np.ndarray, scenes: int) -> Floats:  # type: ignore[type-arg]
    return np.bincount(scene, of_frame, scenes).astype(np.float64)


def _newly_missed(run: Claimed, base: Claimed) -> list[int]:
    """Scenes of the open frames that may be TELEOPERATION, once for each that the run does not call so and the other
    does."""
    return [
        place
        for (place, levels, said), (_, _, said_before) in zip(run.contested, base.contested, strict=True)
        if TriageLevel.TELEOPERATION in levels and said != T and said_before == T
    ]


def in_words(gate: Gate) -> str:
    """One or two sentences: passed or refused, by what, and whether these frames could ever have shown it."""
    points = f"{100 * gate.margin:g} {'point' if gate.margin == MARGIN else 'points'}"
    head = f"{gate.run} in place of {gate.than}"
    if isinstance(gate.difference, Undefined):
        return f"{head} is refused: {gate.difference.reason}."
    counted = (
        f"it misses {_points(gate.difference)} points of TELEOPERATION on {gate.frames:,} frames of {gate.scenes:,} "
        f"scenes ({gate.only_run:,} frames it alone misses, {gate.only_than:,} the other alone)"
    )
    if isinstance(gate.interval, Undefined) or isinstance(gate.worst, Undefined):
        reason = gate.interval if isinstance(gate.interval, Undefined) else gate.worst
        return f"{head} is refused: {counted}, and there is no interval: {reason}. {_needed(gate, points)}"
    between = f"95 % {_points(gate.interval.low)} to {_points(gate.interval.high)}"
    if gate.is_passed:
        return f"{head} is passed: {counted}, {between}, at most {points}."
    if gate.interval.high <= gate.margin:
        return (
            f"{head} is refused: {counted}, {between}, but frames that people disagree about could break it."
        )
    told = f"{head} is refused: {counted}, and the upper end ({between}) is above {points}."
    if isinstance(gate.smallest_margin, Undefined) or gate.smallest_margin <= gate.margin:
        return told
    best = f"These scenes show {100 * gate.smallest_margin:.1f} points at best, whatever it answers."
    return f"{told} {best} {_needed(gate, points)}"


def _needed(gate: Gate, points: str) -> str:
    return (
        f"To show {points} takes about {gate.frames_needed:,} TELEOPERATION frames of {gate.scenes_needed:,} such "
        "scenes without a difference."
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "\u2212")
