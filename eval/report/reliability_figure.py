"""Reliability of P(TELEOPERATION) as inline SVG: stated against observed, a dot for each bin."""

from __future__ import annotations

from markupsafe import Markup

from eval.evaluation.result import RunResult
from eval.metrics.calibration import Calibration

SIDE, LEFT, TOP, HEIGHT, WIDTH = 260, 60, 14, 330, 460


def reliability_figure(run: RunResult) -> Markup:
    """The drawing, empty for a run without probabilities."""
    if not isinstance(run.calibration, Calibration):
        return Markup("")
    parts = [_axes(), *(_dot(one.stated, one.observed, one.n) for one in run.calibration.teleoperation)]
    return Markup('<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{parts}</svg>').format(
        width=WIDTH,
        height=HEIGHT,
        label="Reliability: stated probability of TELEOPERATION against the share observed",
        parts=Markup("").join(parts),
    )


def _axes() -> Markup:
    return Markup(
        '<rect class="frame" x="{left}" y="{top}" width="{side}" height="{side}" fill="none"/>'
        '<line class="leader" x1="{left}" y1="{bottom}" x2="{right}" y2="{top}"/>'
        '<text class="quiet" x="{left}" y="{below}" text-anchor="middle">0</text>'
        '<text class="quiet" x="{right}" y="{below}" text-anchor="middle">1</text>'
        '<text class="quiet" x="{before}" y="{bottom}" text-anchor="end">0</text>'
        '<text class="quiet" x="{before}" y="{under_top}" text-anchor="end">1</text>'
        '<text x="{middle}" y="{title_y}" text-anchor="middle">stated</text>'
        '<text transform="translate(20 {centre}) rotate(-90)" text-anchor="middle">observed</text>'
    ).format(
        left=LEFT,
        top=TOP,
        side=SIDE,
        right=LEFT + SIDE,
        bottom=TOP + SIDE,
        below=TOP + SIDE + 18,
        before=LEFT - 8,
        under_top=TOP + 8,
        middle=LEFT + SIDE / 2,
        title_y=TOP + SIDE + 38,
        centre=TOP + SIDE / 2,
    )


def _dot(stated: float, observed: float, n: int) -> Markup:
    return Markup(
        '<circle class="dot level-T" cx="{x:.1f}" cy="{y:.1f}" r="6"><title>{n} frames</title></circle>'
    ).format(x=LEFT + SIDE * stated, y=TOP + SIDE * (1 - observed), n=n)
