"""What fewer misses cost, as inline SVG: a curve with its band for each run, and where the run may be operated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from markupsafe import Markup

from data.text.visible import visible
from eval.metrics.load_curve import LoadCurve, LoadPoint
from eval.statistics.rate import Interval, Undefined

WIDTH, HEIGHT, LEFT, TOP, SIDE = 460, 340, 64, 16, 250
ACROSS = WIDTH - LEFT - 12
NICE = (
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
    2000,
    5000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
)
NICE_SHARES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class _Across:
    """What runs from left to right, on a root scale up to `most`: where it is low is where a run is used."""

    title: str
    label: str
    of: Callable[[LoadPoint], float]
    told: Callable[[float], str]
    most: float

    def x(self, point: LoadPoint) -> float:
        return self.at(self.of(point))

    def at(self, value: float) -> float:
        return LEFT + ACROSS * sqrt(min(value / self.most, 1.0))


def load_figure(curves: Sequence[LoadCurve]) -> Markup:
    """Misses against alarms per hour of one feed; empty where no run has a point."""
    highest = max((point.alarms_per_feed_hour for one in curves for point in _points(one)), default=0.0)
    return _figure(
        curves,
        _Across(
            "Alarms per hour of one feed",
            "Missed TELEOPERATION against alarms per feed-hour, a curve for each run",
            lambda point: point.alarms_per_feed_hour,
            lambda alarms: f"{alarms:,.0f}",
            next((nice for nice in NICE if nice >= highest), highest),
        ),
    )


def false_call_figure(curves: Sequence[LoadCurve]) -> Markup:
    """Misses against the share of other frames that are called; empty where no run has a point."""
    highest = max((point.false_calls for one in curves for point in _points(one)), default=0.0)
    return _figure(
        curves,
        _Across(
            "False calls, of AUTONOMY and SUPERVISION",
            "Missed TELEOPERATION against false calls, a curve for each run",
            lambda point: point.false_calls,
            lambda share: f"{100 * share:g} %",
            next((nice for nice in NICE_SHARES if nice >= highest), 1.0),
        ),
    )


def _figure(curves: Sequence[LoadCurve], across: _Across) -> Markup:
    drawn = [(number, one) for number, one in enumerate(curves, start=1) if _points(one)]
    if not drawn:
        return Markup("")
    parts = [_axes(across), *(_curve(number, one, across) for number, one in drawn)]
    return Markup('<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{parts}</svg>').format(
        width=WIDTH, height=HEIGHT, label=across.label, parts=Markup("").join(parts)
    )


def _points(curve: LoadCurve) -> list[LoadPoint]:
    every = [curve.own, curve.likeliest, *([] if isinstance(curve.points, Undefined) else curve.points)]
    return [point for point in every if not isinstance(point, Undefined)]


def _y(missed: float) -> float:
    return TOP + SIDE * (1 - missed)


def _curve(number: int, curve: LoadCurve, across: _Across) -> Markup:
    points = [] if isinstance(curve.points, Undefined) else sorted(curve.points, key=across.of)
    segments = [
        Markup(
            '<line class="curve run-{n}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        ).format(n=number, x1=across.x(one), y1=_y(one.missed), x2=across.x(other), y2=_y(other.missed))
        for one, other in pairwise(points)
    ]
    named = [_number(number, points[-1], across)] if segments else []
    return Markup("").join([_band(points, across), *segments, *named, _marks(number, curve, across)])


def _number(number: int, end: LoadPoint, across: _Across) -> Markup:
    """The run's number where its curve ends."""
    return Markup('<text x="{x:.1f}" y="{y:.1f}">{number}</text>').format(
        x=across.x(end) + 5, y=_y(end.missed) + 4, number=number
    )


def _band(points: Sequence[LoadPoint], across: _Across) -> Markup:
    ends = [(across.x(point), point.band) for point in points if isinstance(point.band, Interval)]
    if not ends:
        return Markup("")
    outline = [(x, band.high) for x, band in ends] + [(x, band.low) for x, band in reversed(ends)]
    path = " ".join(f"{x:.1f},{_y(missed):.1f}" for x, missed in outline)
    return Markup('<polygon class="band" points="{path}"/>').format(path=path)


def _marks(number: int, curve: LoadCurve, across: _Across) -> Markup:
    """A square at 5 % false calls, a triangle at the likeliest level, a numbered circle at the run's own answers."""
    parts = [_square(curve, across), _triangle(curve, across), _own(number, curve, across)]
    return Markup("").join(parts)


def _square(curve: LoadCurve, across: _Across) -> Markup:
    if isinstance(curve.at_five_percent, Undefined):
        return Markup("")
    return Markup(
        '<rect class="marker-other" x="{x:.1f}" y="{y:.1f}" width="8" height="8"><title>{name}, at most 5 % false calls'
        "</title></rect>"
    ).format(
        x=across.x(curve.at_five_percent) - 4, y=_y(curve.at_five_percent.missed) - 4, name=visible(curve.run)
    )


def _triangle(curve: LoadCurve, across: _Across) -> Markup:
    if isinstance(curve.likeliest, Undefined):
        return Markup("")
    x, y = across.x(curve.likeliest), _y(curve.likeliest.missed)
    return Markup(
        '<polygon class="marker-other" points="{path}"><title>{name}, its likeliest level</title></polygon>'
    ).format(
        path=f"{x - 6:.1f},{y + 5:.1f} {x + 6:.1f},{y + 5:.1f} {x:.1f},{y - 6:.1f}", name=visible(curve.run)
    )


def _own(number: int, curve: LoadCurve, across: _Across) -> Markup:
    if isinstance(curve.own, Undefined):
        return Markup("")
    x, y = across.x(curve.own), _y(curve.own.missed)
    return Markup(
        '<circle class="marker-other" cx="{x:.1f}" cy="{y:.1f}" r="9"><title>{name}, {by}</title></circle>'
        '<text class="in-marker-other" x="{x:.1f}" y="{base:.1f}" text-anchor="middle">{number}</text>'
    ).format(
        x=x,
        y=y,
        base=y + 4,
        name=visible(curve.run),
        by=f"by its decision {curve.decision}" if curve.decision else "as it answers",
        number=number,
    )


def _axes(across: _Across) -> Markup:
    frame = Markup('<rect class="frame" x="{x}" y="{y}" width="{w}" height="{h}" fill="none"/>').format(
        x=LEFT, y=TOP, w=ACROSS, h=SIDE
    )
    upward = [
        Markup('<text class="quiet" x="{x}" y="{y:.1f}" text-anchor="end">{share} %</text>').format(
            x=LEFT - 8, y=_y(share / 100) + 4, share=share
        )
        for share in (0, 50, 100)
    ]
    along = [
        Markup('<text class="quiet" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{told}</text>').format(
            x=across.at(value), y=TOP + SIDE + 18, anchor=anchor, told=across.told(value)
        )
        for value, anchor in ((0.0, "start"), (across.most / 4, "middle"), (across.most, "end"))
    ]
    titles = Markup(
        '<text x="{middle}" y="{y}" text-anchor="middle">{title}</text>'
        '<text transform="translate(14 {centre}) rotate(-90)" text-anchor="middle">Missed TELEOPERATION</text>'
    ).format(middle=LEFT + ACROSS / 2, y=TOP + SIDE + 40, title=across.title, centre=TOP + SIDE / 2)
    return Markup("").join([frame, *upward, *along, titles])
