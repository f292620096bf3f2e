"""The report's drawings as inline SVG: text stays text, colours come from the page, names are escaped.

Lengths are in units of the view box, which is narrow enough that its text stays readable on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from data.text.visible import visible
from data.vocabulary import LEVELS, ModelRole, TriageLevel
from eval.evaluation.result import Evaluation, RunResult
from eval.metrics.shares import FALSE_TELEOPERATION, MISSED_TELEOPERATION, RECALL
from eval.presentation.in_words import figure_value
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Figure

WIDTH = 460
ROW = 36
HEADING = 34
MARGIN = 8
TRACK = WIDTH - 2 * MARGIN
LONGEST_NAME, BESIDE_FIGURES = 34, 28

PLOT_LEFT, PLOT_TOP, PLOT = 70, 16, 340
LEGEND_ROW = 24
MARKER = 9
NICE_LIMITS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


def recall_figure(evaluation: Evaluation) -> Markup:
    """Per-class recall: one line from 0 to 100 % for each level and run, a dot and its interval over scenes."""
    parts: list[Markup] = []
    y = 0
    for level in LEVELS:
        parts.append(_level_heading(level, evaluation.frames.by_level[level], y))
        y += HEADING
        for number, run in enumerate(evaluation.runs, start=1):
            parts.append(_recall_row(number, run, level, y))
            y += ROW
    parts.append(_percent_axis(y))
    return _svg(y + 26, "Recall by level and run with intervals", parts)


def _level_heading(level: TriageLevel, frames: int, y: int) -> Markup:
    return Markup(
        '<rect class="level-{key}" x="{x}" y="{top}" width="12" height="12" rx="2"/>'
        '<text class="strong" x="{text_x}" y="{base}">{name}</text>'
        '<text class="quiet" x="{right}" y="{base}" text-anchor="end">n = {frames}</text>'
    ).format(
        key=level.value[0],
        x=MARGIN,
        top=y + 12,
        text_x=MARGIN + 19,
        base=y + 23,
        name=level.value,
        right=WIDTH - MARGIN,
        frames=frames,
    )


def _recall_row(number: int, run: RunResult, level: TriageLevel, y: int) -> Markup:
    figure = run.figures[RECALL[level].key]
    label = Markup(
        '<text x="{x}" y="{base}">{number} {name}</text>'
        '<text x="{right}" y="{base}" text-anchor="end">{value}</text>'
        '<line class="grid" x1="{x}" x2="{right}" y1="{middle}" y2="{middle}"/>'
    ).format(
        x=MARGIN,
        right=WIDTH - MARGIN,
        base=y + 13,
        middle=y + 23,
        number=number,
        name=_short(run.name),
        value="not defined" if isinstance(figure.value, Undefined) else figure_value(figure),
    )
    return label + _dot_and_whisker(figure, level, y + 23)


def _dot_and_whisker(figure: Figure, level: TriageLevel, y: int) -> Markup:
    if isinstance(figure.value, Undefined):
        return Markup("")
    dot = Markup('<circle class="dot level-{key}" cx="{x:.1f}" cy="{y}" r="6"/>').format(
        x=MARGIN + TRACK * figure.value, y=y, key=level.value[0]
    )
    if isinstance(figure.interval, Undefined):
        return dot
    whisker = Markup('<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>').format(
        low=MARGIN + TRACK * figure.interval.low, high=MARGIN + TRACK * figure.interval.high, y=y
    )
    return whisker + dot


def _percent_axis(y: int) -> Markup:
    ticks = [(0, "start"), (50, "middle"), (100, "end")]
    tick = Markup('<text class="quiet" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{share} %</text>')
    return Markup("").join(
        tick.format(x=MARGIN + TRACK * share / 100, y=y + 18, anchor=anchor, share=share)
        for share, anchor in ticks
    )


@dataclass(frozen=True)
class _Point:
    """One run in the plane of over-escalation (x) and missed TELEOPERATION (y): shares with their intervals."""

    number: int
    run: RunResult
    x: float
    y: float
    x_interval: Interval | Undefined
    y_interval: Interval | Undefined

    @property
    def highest_x(self) -> float:
        return self.x_interval.high if isinstance(self.x_interval, Interval) else self.x

    @property
    def highest_y(self) -> float:
        return self.y_interval.high if isinstance(self.y_interval, Interval) else self.y


@dataclass(frozen=True)
class _Plane:
    """The plot's axes, each from 0 to its own limit (a share)."""

    limit_x: float
    limit_y: float

    def at_x(self, share: float) -> float:
        return PLOT_LEFT + PLOT * share / self.limit_x

    def at_y(self, share: float) -> float:
        return PLOT_TOP + PLOT * (1 - share / self.limit_y)


def trade_off_figure(evaluation: Evaluation) -> Markup:
    """Missed TELEOPERATION against over-escalation A to T, a numbered marker for each run where both are defined."""
    points = list(_points(evaluation))
    plane = _Plane(
        _limit([point.highest_x for point in points]),
        _limit([point.highest_y for point in points]),
    )
    parts = [_axes(plane), *_markers(points, plane), *_legend(evaluation, points)]
    height = PLOT_TOP + PLOT + 56 + LEGEND_ROW * len(evaluation.runs)
    return _svg(height, "Missed TELEOPERATION against over-escalation by run with intervals", parts)


def _points(evaluation: Evaluation) -> Iterator[_Point]:
    for number, run in enumerate(evaluation.runs, start=1):
        over, missed = run.figures[FALSE_TELEOPERATION.key], run.figures[MISSED_TELEOPERATION.key]
        if isinstance(over.value, Undefined) or isinstance(missed.value, Undefined):
            continue
        yield _Point(number, run, over.value, missed.value, over.interval, missed.interval)


def _limit(highs: list[float]) -> float:
    """The end of an axis that holds every interval."""
    highest = max(highs, default=1.0)
    return next((limit for limit in NICE_LIMITS if limit >= highest), 1.0)


def _axes(plane: _Plane) -> Markup:
    titles = Markup(
        '<text x="{middle}" y="{y}" text-anchor="middle">Over-escalation, A to T</text>'
        '<text transform="translate(13 {centre}) rotate(-90)" text-anchor="middle">Missed TELEOPERATION</text>'
    ).format(middle=PLOT_LEFT + PLOT / 2, y=PLOT_TOP + PLOT + 36, centre=PLOT_TOP + PLOT / 2)
    return Markup("").join([*(_grid_lines(plane, part) for part in (0.0, 0.5, 1.0)), titles])


def _grid_lines(plane: _Plane, part: float) -> Markup:
    """One line and its label on each axis, at `part` of its length."""
    x, y = PLOT_LEFT + PLOT * part, PLOT_TOP + PLOT * (1 - part)
    return Markup(
        '<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
        '<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text class="quiet" x="{x:.1f}" y="{below}" text-anchor="middle">{label_x}</text>'
        '<text class="quiet" x="{before}" y="{text_y:.1f}" text-anchor="end">{label_y}</text>'
    ).format(
        x=x,
        y=y,
        text_y=y + 4,
        top=PLOT_TOP,
        bottom=PLOT_TOP + PLOT,
        left=PLOT_LEFT,
        right=PLOT_LEFT + PLOT,
        below=PLOT_TOP + PLOT + 19,
        before=PLOT_LEFT - 12,
        label_x=f"{100 * part * plane.limit_x:g} %",
        label_y=f"{100 * part * plane.limit_y:g} %",
    )


def _markers(points: list[_Point], plane: _Plane) -> Iterator[Markup]:
    """Whiskers below, then the markers; one that would cover another is set aside, a line leads to its place."""
    for point in points:
        yield _whiskers(point, plane)
    taken: list[tuple[float, float]] = []
    for point in points:
        x, y = plane.at_x(point.x), plane.at_y(point.y)
        place = x
        while any(
            abs(place - other_x) < 2 * MARKER and abs(y - other_y) < 2 * MARKER for other_x, other_y in taken
        ):
            place += 2 * MARKER + 3
        taken.append((place, y))
        yield _marker(point, x, y, place)


def _whiskers(point: _Point, plane: _Plane) -> Markup:
    line = Markup('<line class="whisker" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"/>')
    x, y = plane.at_x(point.x), plane.at_y(point.y)
    across = (
        Markup("")
        if isinstance(point.x_interval, Undefined)
        else line.format(
            x1=plane.at_x(point.x_interval.low), x2=plane.at_x(point.x_interval.high), y1=y, y2=y
        )
    )
    if isinstance(point.y_interval, Undefined):
        return across
    return across + line.format(
        x1=x, x2=x, y1=plane.at_y(point.y_interval.low), y2=plane.at_y(point.y_interval.high)
    )


def _marker(point: _Point, x: float, y: float, place: float) -> Markup:
    return Markup(
        '<line class="leader" x1="{x:.1f}" x2="{place:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<circle class="{kind}" cx="{place:.1f}" cy="{y:.1f}" r="{radius}"/>'
        '<text class="in-{kind}" x="{place:.1f}" y="{base:.1f}" text-anchor="middle">{number}</text>'
    ).format(
        x=x, y=y, place=place, radius=MARKER, base=y + 4, number=point.number, kind=_marker_kind(point.run)
    )


def _marker_kind(run: RunResult) -> str:
    return "marker-aligned" if run.role is ModelRole.ALIGNED else "marker-other"


def _legend(evaluation: Evaluation, points: list[_Point]) -> Iterator[Markup]:
    drawn = {point.number: point for point in points}
    for number, run in enumerate(evaluation.runs, start=1):
        y = PLOT_TOP + PLOT + 66 + LEGEND_ROW * (number - 1)
        point = drawn.get(number)
        told = f"missed {100 * point.y:.1f} %, OE {100 * point.x:.1f} %" if point else "not defined"
        yield Markup(
            '<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}"/>'
            '<text class="in-{kind}" x="{x}" y="{base}" text-anchor="middle">{number}</text>'
            '<text x="{text_x}" y="{base}">{name}</text>'
            '<text x="{right}" y="{base}" text-anchor="end">{told}</text>'
        ).format(
            kind=_marker_kind(run),
            x=MARGIN + MARKER,
            y=y,
            base=y + 4,
            radius=MARKER,
            number=number,
            text_x=MARGIN + 2 * MARKER + 8,
            name=_short(run.name, BESIDE_FIGURES),
            right=WIDTH - MARGIN,
            told=told,
        )


def _short(name: str, longest: int = LONGEST_NAME) -> str:
    """A name that fits its line; the tables show it whole."""
    name = visible(name)
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _svg(height: int, label: str, parts: list[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{parts}</svg>').format(
        width=WIDTH, height=height, label=label, parts=Markup("").join(parts)
    )
