"""The comparison as files and as text: a table of arms, the differences, and curves of misses against false calls."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import mean

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from data.errors import EvaluationError
from data.text.visible import visible
from data.whole_files import written_whole
from eval.arms.figures import AT, Difference, RunFigures, difference, run_figures
from eval.arms.folder import ZERO_SHOT, Arms
from eval.metrics.answers import Answers, T
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Part

JSON_NAME, HTML_NAME = "comparison_figures.json", "comparison.html"
_WIDTH, _HEIGHT, _LEFT, _TOP, _ACROSS, _SIDE = 560, 350, 64, 16, 440, 270
_MOST_FALSE = 0.25


class ArmFigures(Part):
    """An arm's runs, one for each seed."""

    name: str
    runs: list[RunFigures]


class Comparison(Part):
    """All arms on the same held-out frames, and every other arm against `baseline` at equal false calls."""

    baseline: str
    arms: list[ArmFigures]
    differences: list[Difference]


def compare_arms(arms: Arms, *, baseline: str | None = None) -> Comparison:
    """The figures of all arms. baseline: by default the first that was trained. Raises EvaluationError: there is no
    such arm, or the frames lack TELEOPERATION or anything else."""
    first = next(iter(arms.values()))[0]
    if not 0 < int((first.true == T).sum()) < first.n:
        raise EvaluationError("The held-out frames must hold TELEOPERATION and other levels.")
    base = baseline or next((name for name in arms if name != ZERO_SHOT), ZERO_SHOT)
    if base not in arms:
        raise EvaluationError(f"There is no arm {base} to hold the others against: {', '.join(arms)}.")
    return Comparison(
        baseline=base,
        arms=[ArmFigures(name=name, runs=[run_figures(run) for run in runs]) for name, runs in arms.items()],
        differences=[difference(runs, arms[base]) for name, runs in arms.items() if name != base],
    )


def write_comparison(found: Comparison, arms: Arms, out: Path) -> Path:
    """Write the figures as JSON and as a page; returns the page. Raises OSError."""
    page = (
        _environment()
        .get_template("comparison.html.jinja")
        .render(found=found, plot=_plot(arms), at=AT, row=_row, words=difference_in_words, names=list(arms))
    )
    for name, text in ((JSON_NAME, found.model_dump_json(indent=2) + "\n"), (HTML_NAME, page)):
        with written_whole(out / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return out / HTML_NAME


COLUMNS = (
    "seeds",
    "own point",
    "missed T",
    "false T",
    "accuracy",
    "macro-F1",
    "T said A",
    "AUC T",
    f"missed T at {AT:.0%} false",
)


def comparison_lines(found: Comparison) -> str:
    """The table and the differences as text."""
    width = max(len(arm.name) for arm in found.arms)
    head = f"{'arm':{width}} " + " ".join(f"{column:>{_room(column)}}" for column in COLUMNS)
    rows = [
        f"{arm.name:{width}} "
        + " ".join(f"{cell:>{_room(column)}}" for column, cell in zip(COLUMNS, _row(arm), strict=True))
        for arm in found.arms
    ]
    return "\n".join([head, *rows, *map(difference_in_words, found.differences)])


def difference_in_words(one: Difference) -> str:
    """One sentence.

    >>> difference_in_words(Difference(arm="odpo", against="sft", by_seed=[-0.5], intervals=[], mean=-0.5,
    ...     interval=Interval(-0.61, -0.4)))
    'odpo against sft at 5% false calls: misses 50.0 points less TELEOPERATION (95 % 61.0 to 40.0 less), by seed -50'
    """
    way = "less" if one.mean < 0 else "more"
    interval = f"no interval: {one.interval}" if isinstance(one.interval, Undefined) else _range(one.interval)
    seeds = ", ".join(f"{100 * value:+.0f}" for value in one.by_seed)
    return (
        f"{one.arm} against {one.against} at {AT:.0%} false calls: misses {abs(100 * one.mean):.1f} points {way} "
        f"TELEOPERATION ({interval}), by seed {seeds}"
    )


def _range(interval: Interval) -> str:
    low, high = 100 * interval.low, 100 * interval.high
    if high < 0:
        return f"95 % {-low:.1f} to {-high:.1f} less"
    return f"95 % {low:+.1f} to {high:+.1f}"


def _room(column: str) -> int:
    return max(len(column), 12)


def _row(arm: ArmFigures) -> list[str]:
    runs, n_t = arm.runs, arm.runs[0].n_t
    at = [run.missed_t_at[f"{AT:.2f}"] for run in runs]
    return [
        str(len(runs)),
        own_point(runs),
        f"{_each([run.missed_t for run in runs])} of {n_t}",
        f"{mean(run.false_t for run in runs):.3f}",
        f"{mean(run.accuracy for run in runs):.3f}",
        f"{mean(run.macro_f1 for run in runs):.3f}",
        _each([run.under_escalation for run in runs]),
        f"{mean(run.auc_t for run in runs):.3f}",
        f"{_each(at)} of {n_t}",
    ]


def own_point(runs: Sequence[RunFigures]) -> str:
    """By what the level said was chosen: the likeliest, or a decision, in so many of the runs."""
    decided = sum(run.decision is not None for run in runs)
    if decided == len(runs):
        return "decision"
    return f"decision {decided}/{len(runs)}" if decided else "likeliest"


def _each(values: Sequence[int]) -> str:
    return "/".join(map(str, values))


def _plot(arms: Arms) -> Markup:
    """Missed TELEOPERATION against false calls, a line for each seed; by the root of the share, as few are allowed."""
    parts = [_axes()]
    for number, runs in enumerate(arms.values(), start=1):
        parts += [_curve(number, run) for run in runs]
    return Markup('<svg viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{parts}</svg>').format(
        w=_WIDTH, h=_HEIGHT, label="Missed TELEOPERATION against false calls", parts=Markup("").join(parts)
    )


def _x(share: float) -> float:
    return _LEFT + _ACROSS * sqrt(min(share, _MOST_FALSE) / _MOST_FALSE)


def _y(missed: float) -> float:
    return _TOP + _SIDE * (1 - missed)


def _curve(number: int, run: Answers) -> Markup:
    points = _points(run)
    lines = [
        Markup('<line class="curve run-{n}" x1="{a:.1f}" y1="{b:.1f}" x2="{c:.1f}" y2="{d:.1f}"/>').format(
            n=number, a=_x(one[0]), b=_y(one[1]), c=_x(other[0]), d=_y(other[1])
        )
        for one, other in pairwise(points)
    ]
    end = points[-1]
    label = Markup('<text class="quiet" x="{x:.1f}" y="{y:.1f}">{n}</text>').format(
        x=_x(end[0]) + 4, y=_y(end[1]) + 4, n=number
    )
    return Markup("").join([*lines, label])


def _points(run: Answers) -> list[tuple[float, float]]:
    """(share of false calls, share of misses) over the thresholds, from few calls on."""
    p, true_t = run.probabilities[:, T], run.true == T
    thresholds = np.unique(p)[::-1]
    false = (p[~true_t][:, None] >= thresholds).mean(axis=0)
    missed = (p[true_t][:, None] < thresholds).mean(axis=0)
    kept = false <= _MOST_FALSE
    return [(0.0, 1.0), *zip(false[kept].tolist(), missed[kept].tolist(), strict=True)]


def _axes() -> Markup:
    frame = Markup('<rect class="frame" x="{x}" y="{y}" width="{w}" height="{h}" fill="none"/>').format(
        x=_LEFT, y=_TOP, w=_ACROSS, h=_SIDE
    )
    line = Markup('<line class="frame" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{b}"/>').format(
        x=_x(AT), y=_TOP, b=_TOP + _SIDE
    )
    upward = [
        Markup('<text class="quiet" x="{x}" y="{y:.1f}" text-anchor="end">{share} %</text>').format(
            x=_LEFT - 8, y=_y(share / 100) + 4, share=share
        )
        for share in (0, 50, 100)
    ]
    along = [
        Markup('<text class="quiet" x="{x:.1f}" y="{y}" text-anchor="middle">{share} %</text>').format(
            x=_x(share / 100), y=_TOP + _SIDE + 18, share=share
        )
        for share in (0, 1, 5, 10, 25)
    ]
    titles = Markup(
        '<text x="{middle}" y="{y}" text-anchor="middle">False calls, of other frames</text>'
        '<text transform="translate(14 {centre}) rotate(-90)" text-anchor="middle">Missed TELEOPERATION</text>'
    ).format(middle=_LEFT + _ACROSS / 2, y=_TOP + _SIDE + 42, centre=_TOP + _SIDE / 2)
    return Markup("").join([frame, line, *upward, *along, titles])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([Path(__file__).parent, Path(__file__).parents[1] / "presentation"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    return environment
