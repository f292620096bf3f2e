"""Operator load against misses as inline SVG: a curve with its band for each run, a marker for its own answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

from markupsafe import Markup

from eval.metrics.load_curve import LoadCurve, LoadPoint
from eval.statistics.rate import Interval, Undefined

WIDTH, HEIGHT, LEFT, TOP, SIDE = 460, 340, 64, 16, 250
ACROSS = WIDTH - LEFT - 12
NICE = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000)


def load_figure(curves: Sequence[LoadCurve]) -> Markup:
    """The drawing, empty where no run has a point."""
    drawn = [(number, one) for number, one in enumerate(curves, start=1) if _points(one)]
    if not drawn:
        return Markup("")
    highest = max(point.alarms_per_hour for _, one in drawn for point in _points(one))
    most = next((nice for nice in NICE if nice >= highest), highest)
    parts = [_axes(most), *(_curve(number, one, most) for number, one in drawn)]
    return Markup('<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{parts}</svg>').format(
        width=WIDTH,
        height=HEIGHT,
        label="Missed TELEOPERATION against alarms per hour, a curve for each run",
        parts=Markup("").join(parts),
    )


def _points(curve: LoadCurve) -> list[LoadPoint]:
    own = [] if isinstance(curve.own, Undefined) else [curve.own]
    return own if isinstance(curve.points, Undefined) else [*curve.points, *own]


def _x(alarms: float, most: float) -> float:
    """Root scale: where alarms are few is where a run is used."""
    return LEFT + ACROSS * sqrt(alarms / most)


def _y(missed: float) -> float:
    return TOP + SIDE * (1 - missed)


def _curve(number: int, curve: LoadCurve, most: float) -> Markup:
    points = (
        []
        if isinstance(curve.points, Undefined)
        else sorted(curve.points, key=lambda one: one.alarms_per_hour)
    )
    segments = [
        Markup(
            '<line class="curve run-{n}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        ).format(
            n=number,
            x1=_x(one.alarms_per_hour, most),
            y1=_y(one.missed),
            x2=_x(other.alarms_per_hour, most),
            y2=_y(other.missed),
        )
        for one, other in pairwise(points)
    ]
    return Markup("").join([_band(points, most), *segments, _own(number, curve, most)])


def _band(points: Sequence[LoadPoint], most: float) -> Markup:
    ends = [(point.alarms_per_hour, point.band) for point in points if isinstance(point.band, Interval)]
    if not ends:
        return Markup("")
    outline = [(x, band.high) for x, band in ends] + [(x, band.low) for x, band in reversed(ends)]
    path = " ".join(f"{_x(alarms, most):.1f},{_y(missed):.1f}" for alarms, missed in outline)
    return Markup('<polygon class="band" points="{path}"/>').format(path=path)


def _own(number: int, curve: LoadCurve, most: float) -> Markup:
    if isinstance(curve.own, Undefined):
        return Markup("")
    return Markup(
        '<circle class="marker-other" cx="{x:.1f}" cy="{y:.1f}" r="9"><title>{name}</title></circle>'
        '<text class="in-marker-other" x="{x:.1f}" y="{base:.1f}" text-anchor="middle">{number}</text>'
    ).format(
        x=_x(curve.own.alarms_per_hour, most),
        y=_y(curve.own.missed),
        base=_y(curve.own.missed) + 4,
        name=curve.run,
        number=number,
    )


def _axes(most: float) -> Markup:
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
        Markup('<text class="quiet" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{alarms:,.0f}</text>').format(
            x=_x(alarms, most), y=TOP + SIDE + 18, anchor=anchor, alarms=alarms
        )
        for alarms, anchor in ((0.0, "start"), (most / 4, "middle"), (most, "end"))
    ]
    titles = Markup(
        '<text x="{middle}" y="{y}" text-anchor="middle">Alarms per hour, all feeds</text>'
        '<text transform="translate(14 {centre}) rotate(-90)" text-anchor="middle">Missed TELEOPERATION</text>'
    ).format(middle=LEFT + ACROSS / 2, y=TOP + SIDE + 40, centre=TOP + SIDE / 2)
    return Markup("").join([frame, *upward, *along, titles])
