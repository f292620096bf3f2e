"""Coverage as a table at the terminal, as JSON, and as one SVG file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from data.errors import EvaluationError
from data.text.phrases import counted
from eval.coverage.from_store import Coverage
from eval.coverage.need import MORE, ORDERS, ScenarioCoverage
from eval.presentation.in_words import percent, percent_range
from eval.statistics.intervals import FEWEST_SCENES
from eval.statistics.rate import Interval, Rate, Undefined

NAMED = 3
"""How many scenarios are named as those that need frames most."""
WIDTH, ROW, LEFT, TRACK, TOP = 920, 46, 300, 320, 84
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1a1a1a}.quiet{fill:#666;font-size:12px}.strong{font-weight:650}"
    ".grid{stroke:#ddd}.whisker{stroke:#cc79a7;stroke-width:3}.dot{fill:#cc79a7}.need{fill:#d55e00;font-weight:650}"
)


def as_figures(coverage: Coverage) -> dict[str, Any]:
    """Everything, as JSON; what is not defined is null with its reason beside it."""
    return {
        "frames": coverage.frames,
        "verified": coverage.verified,
        "drawn": coverage.drawn,
        "run": coverage.run,
        "report": coverage.report,
        "no_run": coverage.no_run,
        "ordered_by": [name for name, _ in ORDERS],
        "more": MORE,
        "scenarios": [_figures(one) for one in coverage.scenarios],
    }


def _figures(one: ScenarioCoverage) -> dict[str, Any]:
    counts = {name: value for name, value in vars(one.count).items() if name != "drawn"}
    teleoperation, drawn = one.count.drawn.sum(axis=0).tolist()
    return {
        **counts,
        "need": one.need,
        "drawn": drawn,
        "drawn_teleoperation": teleoperation,
        "drawn_scenes": len(one.count.drawn),
        "share": _value(one.share),
        "interval": _interval(one.interval),
        "wilson": _interval(one.wilson),
        "width": round(one.width, 4),
        "width_after": round(one.width_after, 4),
        "missed_share": _value(one.missed),
    }


def _value(share: Rate | Undefined) -> float | dict[str, str]:
    return {"undefined": share.reason} if isinstance(share, Undefined) else round(share.value, 4)


def _interval(interval: Interval | Undefined) -> list[float] | dict[str, str]:
    if isinstance(interval, Undefined):
        return {"undefined": interval.reason}
    return [round(interval.low, 4), round(interval.high, 4)]


def as_lines(coverage: Coverage) -> list[str]:
    """The table, and the sentence that says where frames are needed."""
    head = f"{'':3} {'scenario':26} {'frames':>7} {'verified':>8} {'TELEOP.':>7}  {'drawn: share of T (95 %)':28} {'missed':>9}  {'generated: verified':>19}"  # noqa: E501
    rows = [_line(one) for one in coverage.scenarios]
    about = (
        f"{coverage.frames:,} usable frames that a camera took, {coverage.verified:,} of them verified. Drawn: "
        f"{coverage.drawn:,} reviewed frames of the random share, which alone say how much TELEOPERATION a scenario "
        "holds: the order of review puts likely TELEOPERATION first. "
    )
    held_out = f"Missed: of the verified held-out TELEOPERATION frames, by {coverage.run}."
    about += coverage.no_run or held_out
    return [head, *rows, "", about, *_advice(coverage)]


def _line(one: ScenarioCoverage) -> str:
    count = one.count
    share = "–" if isinstance(one.share, Undefined) else f"{one.share.n}: {percent(one.share.value)} "
    if isinstance(one.interval, Interval):
        share += f"({percent_range(one.interval)})"
    missed = "–" if isinstance(one.missed, Undefined) else f"{one.missed.count} of {one.missed.n}"
    made = f"{count.generated}: {count.generated_verified}" if count.clips else "–"
    return (
        f"{one.need:>2}. {count.title[:26]:26} {count.frames:>7,} {count.verified:>8,} {count.teleoperation:>7,}  "
        f"{share:28} {missed:>9}  {made:>19}"
    )


def _advice(coverage: Coverage) -> list[str]:
    needy = coverage.scenarios[:NAMED]
    lines = [
        f"One more hundred verified frames would help most here ({', '.join(name for name, _ in ORDERS)}):"
    ]
    return lines + [f"  {one.need}. {advice(one)}" for one in needy]


def advice(one: ScenarioCoverage) -> str:
    """What is known of a scenario, what a hundred frames would change, and where they can come from."""
    count = one.count
    left, scenes = count.frames - count.verified, counted(count.scenes, "scene")
    known = f"{count.teleoperation} verified TELEOPERATION in {count.verified} verified frames of {scenes}"
    width = f"too few scenes of the random share for an interval, {FEWEST_SCENES} are needed"
    if isinstance(one.interval, Interval):
        width = (
            f"a hundred drawn at random would narrow the interval from {100 * one.width:.0f} to about "
            f"{100 * one.width_after:.0f} points"
        )
    where = (
        "no frame of the data shows it, so it has to be recorded or generated"
        if count.frames == 0
        else f"{left:,} more frames of the data show it"
    )
    return f"{count.title}: {known}; {width}; {where}."


def write_picture(coverage: Coverage, path: Path) -> Path:
    """One SVG file. Raises EvaluationError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(picture(coverage)), encoding="utf-8")
    except OSError as error:
        raise EvaluationError(f"The picture cannot be written to {path}: {error.strerror}.") from error
    return path


def picture(coverage: Coverage) -> Markup:
    """Per scenario: how many verified frames, and the share of TELEOPERATION with its interval."""
    height = TOP + ROW * len(coverage.scenarios) + 60
    parts = [
        _heading(coverage),
        *(_row(one, TOP + ROW * place) for place, one in enumerate(coverage.scenarios)),
    ]
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'aria-label="Coverage of scenarios"><style>{style}</style><rect width="{w}" height="{h}" fill="#fff"/>'
        "{parts}{axis}</svg>\n"
    ).format(w=WIDTH, h=height, style=_STYLE, parts=Markup("").join(parts), axis=_axis(height - 34))


def _heading(coverage: Coverage) -> Markup:
    return Markup(
        '<text class="strong" x="16" y="28">Where verified frames are needed most, first</text>'
        '<text class="quiet" x="16" y="48">{verified} verified of {frames} frames that a camera took. Dot: share of '
        "TELEOPERATION in the random share; line: 95 % interval over scenes, from ten on.</text>"
        '<text class="quiet" x="{x}" y="72">TELEOPERATION / verified / in the data</text>'
    ).format(verified=f"{coverage.verified:,}", frames=f"{coverage.frames:,}", x=LEFT + TRACK + 24)


def _row(one: ScenarioCoverage, y: int) -> Markup:
    count = one.count
    made = f"{count.generated} generated, {count.generated_verified} verified" if count.clips else ""
    label = Markup(
        '<text class="{kind}" x="16" y="{base}">{need}.</text><text x="44" y="{base}">{title}</text>'
        '<text class="quiet" x="44" y="{below}">{made}</text>'
        '<line class="grid" x1="{left}" x2="{right}" y1="{middle}" y2="{middle}"/>'
        '<text x="{text_x}" y="{base}">{t} / {verified} / {frames}</text>'
    ).format(
        kind="need" if one.need <= NAMED else "quiet",
        need=one.need,
        title=count.title,
        made=made,
        left=LEFT,
        right=LEFT + TRACK,
        base=y + 20,
        below=y + 36,
        middle=y + 15,
        text_x=LEFT + TRACK + 24,
        t=f"{count.teleoperation:,}",
        verified=f"{count.verified:,}",
        frames=f"{count.frames:,}",
    )
    return label + _dot(one, y + 15)


def _dot(one: ScenarioCoverage, y: int) -> Markup:
    if isinstance(one.share, Undefined):
        return Markup('<text class="quiet" x="{x}" y="{y}">none drawn</text>').format(x=LEFT, y=y - 4)
    dot = Markup('<circle class="dot" cx="{x:.1f}" cy="{y}" r="6"/>').format(
        x=LEFT + TRACK * one.share.value, y=y
    )
    if isinstance(one.interval, Undefined):
        return dot
    whisker = Markup('<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>').format(
        low=LEFT + TRACK * one.interval.low, high=LEFT + TRACK * one.interval.high, y=y
    )
    return whisker + dot


def _axis(y: int) -> Markup:
    tick = Markup('<text class="quiet" x="{x:.0f}" y="{y}" text-anchor="middle">{share} %</text>')
    return Markup("").join(tick.format(x=LEFT + TRACK * n / 100, y=y, share=n) for n in (0, 25, 50, 75, 100))
