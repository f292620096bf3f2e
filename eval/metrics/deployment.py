"""What a run would mean on the road, where TELEOPERATION is far rarer than in a sampled set.

Precision, alarms and misses follow from the shares of frames called TELEOPERATION, level by level, by Bayes' rule at
an assumed share of TELEOPERATION. Those shares hold for the road only if the cases within a level are mixed as they are
there; a draw that favours edge cases changes the mix, so frames are weighted by 1 / inclusion probability where the
draw stored it (Hajek 1971). Frames are counted, not events: a scene that needs help for ten seconds at one frame per
second is ten frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from data.vocabulary import LEVELS, TriageLevel
from eval.metrics.answers import Answers, T
from eval.metrics.triage_metrics import Values
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import scene_interval
from eval.statistics.values import Method, Part

SHARES_OF_T = (0.005, 0.01, 0.02)
SECONDS_PER_HOUR = 3600
HOURS_OF_MISSES = 1000

Quantity = Literal["precision", "alarms_per_hour", "missed_per_1000_h", "operator_load"]
QUANTITIES: tuple[Quantity, ...] = ("precision", "alarms_per_hour", "missed_per_1000_h", "operator_load")


class Assumptions(Part):
    """What the figures on the road assume besides the recalls.

    `seconds_per_alarm` is how long one alarm holds an operator; the two seconds in which an alert is grasped are
    the least it can be. `autonomy_share`: AUTONOMY among frames that are not TELEOPERATION; None takes the set's.
    """

    frames_per_second: float = 1.0
    feeds: int = 10
    seconds_per_alarm: float = 2.0
    autonomy_share: float | None = None


class Expected(Part):
    """An expectation with its interval over scenes, which exists where no error was seen too."""

    value: float | Undefined
    interval: Interval | Undefined


class Called(Part):
    """Of the true frames of a level, the share that a run calls TELEOPERATION: `plain` as counted, `weighted` by
    1 / inclusion probability. The scenes' intervals go with each."""

    run: str
    level: TriageLevel
    n: int
    plain: Expected
    weighted: Expected


class AtShare(Part):
    """One run at one share of TELEOPERATION frames.

    `precision`: calls that are right. `alarms_per_hour`: TELEOPERATION calls per vehicle-hour. `missed_per_1000_h`:
    TELEOPERATION frames not called, per 1,000 vehicle-hours. `operator_load`: share of one operator's time that the
    alarms of all feeds take; above 1, one operator is not enough.
    """

    run: str
    share: float
    precision: Expected
    alarms_per_hour: Expected
    missed_per_1000_h: Expected
    operator_load: Expected


class Deployment(Part):
    """All runs at all shares, under the same assumptions. `is_weighted`: the rows rest on weighted shares, of the
    `drawn` frames that have an inclusion probability."""

    assumptions: Assumptions
    is_weighted: bool
    drawn: int
    called: list[Called]
    rows: list[AtShare]


def deployment(runs: Sequence[Answers], assumptions: Assumptions, method: Method) -> Deployment:
    """Expectations of every run, from weighted shares where inclusion probabilities are known for the set."""
    inclusion = runs[0].inclusion if runs else None
    drawn = 0 if inclusion is None else int(np.count_nonzero(~np.isnan(inclusion)))
    rows = [
        _at_share(run.name, scenes_of(run), share, assumptions, method.confidence)
        for run in runs
        for share in SHARES_OF_T
    ]
    called = [_called(run, level, method.confidence) for run in runs for level in LEVELS]
    return Deployment(assumptions=assumptions, is_weighted=bool(drawn), drawn=drawn, called=called, rows=rows)


def scenes_of(run: Answers) -> Values:
    """(scenes, 3, 4) answers as the road figures count them."""
    weighted = run.weighted_scenes()
    return run.per_scene().astype(np.float64) if weighted is None else weighted


def _called(run: Answers, level: TriageLevel, confidence: float) -> Called:
    plain, weighted = run.per_scene(), run.weighted_scenes()
    no_draw = Undefined("no inclusion probability is stored")
    return Called(
        run=run.name,
        level=level,
        n=int(plain[:, level.rank].sum()),
        plain=_share(plain.astype(np.float64), [level.rank], confidence),
        weighted=Expected(value=no_draw, interval=no_draw)
        if weighted is None
        else _share(weighted, [level.rank], confidence),
    )


def _share(per_scene: Values, ranks: list[int], confidence: float) -> Expected:
    """Share called TELEOPERATION of the true frames of these ranks, over scenes."""
    events, frames = per_scene[:, ranks, T].sum(1), per_scene[:, ranks].sum((1, 2))
    if not frames.sum():
        absent = Undefined("a true level has no frame")
        return Expected(value=absent, interval=absent)
    return Expected(
        value=float(events.sum() / frames.sum()),
        interval=scene_interval(np.minimum(events, frames), frames, confidence=confidence),
    )


def _at_share(
    name: str, per_scene: Values, share: float, assumptions: Assumptions, confidence: float
) -> AtShare:
    found = {
        quantity: _expected(quantity, per_scene, share, assumptions, confidence) for quantity in QUANTITIES
    }
    return AtShare(run=name, share=share, **found)


def _expected(
    quantity: Quantity, per_scene: Values, share: float, assumptions: Assumptions, confidence: float
) -> Expected:
    """At the ends of the shares that the quantity is made of, which share the error (Bonferroni)."""
    groups = _groups(quantity, assumptions)
    each = 1 - (1 - confidence) / len(groups)
    shares = {key: _share(per_scene, ranks, each) for key, ranks in groups.items()}
    known = {key: one.value for key, one in shares.items() if not isinstance(one.value, Undefined)}
    if len(known) < len(shares):
        absent = Undefined("a true level has no frame")
        return Expected(value=absent, interval=absent)
    value = expected(quantity, known, share=share, assumptions=assumptions)
    if np.isnan(value):
        absent = Undefined("no frame is called TELEOPERATION")
        return Expected(value=absent, interval=absent)
    reason = next((one.interval for one in shares.values() if isinstance(one.interval, Undefined)), None)
    if reason is not None:
        return Expected(value=value, interval=reason)
    ends = {key: one.interval for key, one in shares.items() if isinstance(one.interval, Interval)}
    # precision falls with false calls, misses with hits; all else rises with both
    low = {key: _end(one, is_low=not _falls(quantity, key)) for key, one in ends.items()}
    high = {key: _end(one, is_low=_falls(quantity, key)) for key, one in ends.items()}
    return Expected(
        value=value,
        interval=Interval(
            *(expected(quantity, at, share=share, assumptions=assumptions) for at in (low, high))
        ),
    )


def _groups(quantity: Quantity, assumptions: Assumptions) -> dict[str, list[int]]:
    """The true ranks whose share of calls the quantity needs."""
    if quantity == "missed_per_1000_h":
        return {"T": [T]}
    return (
        {"T": [T], "others": [0, 1]} if assumptions.autonomy_share is None else {"T": [T], "A": [0], "S": [1]}
    )


def _falls(quantity: Quantity, key: str) -> bool:
    return (quantity == "precision" and key != "T") or quantity == "missed_per_1000_h"


def _end(interval: Interval, *, is_low: bool) -> float:
    return interval.low if is_low else interval.high


def expected(
    quantity: Quantity, called: Mapping[str, float], *, share: float, assumptions: Assumptions
) -> float:
    """One quantity from the shares called TELEOPERATION: of true T, and of A and S or of the `others` together.

    NaN for precision where nothing is called.
    """
    hits = share * called["T"]
    frames_per_hour = SECONDS_PER_HOUR * assumptions.frames_per_second
    if quantity == "missed_per_1000_h":
        return (share - hits) * frames_per_hour * HOURS_OF_MISSES
    a = assumptions.autonomy_share
    others = called["others"] if a is None else a * called["A"] + (1 - a) * called["S"]
    false = (1 - share) * others
    if quantity == "precision":
        return hits / (hits + false) if hits + false else float("nan")
    alarms = (hits + false) * frames_per_hour
    if quantity == "alarms_per_hour":
        return alarms
    return alarms * assumptions.feeds * assumptions.seconds_per_alarm / SECONDS_PER_HOUR
