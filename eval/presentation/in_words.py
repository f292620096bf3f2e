"""How figures and untrusted text are written in a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Figure


def percent(value: float) -> str:
    r"""A share, to one decimal.

    >>> percent(3 / 145)
    '2.1\xa0%'
    """
    return f"{100 * value:.1f}\u00a0%"


def percent_range(interval: Interval) -> str:
    r"""An interval of a share.

    >>> percent_range(Interval(0.0071, 0.0591))
    '0.7–5.9\xa0%'
    """
    return f"{100 * interval.low:.1f}–{100 * interval.high:.1f}\u00a0%"


def figure_value(figure: Figure) -> str:
    """The figure itself: a percentage, a score to three decimals, or why it is not defined."""
    if isinstance(figure.value, Undefined):
        return str(figure.value)
    return f"{figure.value:.3f}" if figure.count is None else percent(figure.value)


def figure_interval(figure: Figure, interval: Interval | Undefined) -> str:
    """One of the figure's intervals in the figure's unit, or why there is none."""
    if isinstance(interval, Undefined):
        return f"no interval: {interval.reason}"
    return f"{interval.low:.3f}–{interval.high:.3f}" if figure.count is None else percent_range(interval)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004 - what three decimals can show


def _signed(value: float, decimals: int) -> str:
    """With its sign, a true minus, and no sign where it rounds to 0."""
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "\u2212")


STYLES: Mapping[str, Callable[[float], str]] = {
    "percent": percent,
    "points": lambda value: _signed(100 * value, 1),
    "score": lambda value: f"{value:.3f}",
    "signed": lambda value: _signed(value, 3),
    "p": _p,
    "count": lambda value: f"{value:,.0f}",
    "tenth": lambda value: f"{value:,.1f}",
}
"""How a figure is written: a share, a difference in points, a score, a signed score, a p-value, a count."""


def told(value: float | Undefined, style: str) -> str:
    r"""A figure in its style, or why there is none.

    >>> told(-0.0213, "points"), told(0.00004, "p"), told(12345.6, "count")
    ('−2.1', '< 0.001', '12,346')
    """
    if isinstance(value, Undefined):
        return value.reason if value.reason.startswith("too few") else str(value)
    return STYLES[style](value)


def told_range(interval: Interval | Undefined, style: str) -> str:
    r"""An interval in a figure's style, or why there is none.

    >>> told_range(Interval(-0.02, 0.05), "points")
    '−2.0 to +5.0'
    """
    if isinstance(interval, Undefined):
        return f"no interval: {interval.reason}"
    return f"{STYLES[style](interval.low)} to {STYLES[style](interval.high)}"
