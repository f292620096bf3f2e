"""Throughput as files: the figures as JSON, and a page with a plot and a table."""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from data.errors import EvaluationError
from data.text.visible import visible
from eval.statistics.percentiles import Percentiles
from eval.statistics.rate import Undefined
from eval.throughput.figures import ALLOWED_CACHED, LoadFigures, Throughput

JSON_NAME, HTML_NAME = "throughput.json", "throughput.html"
WIDTH, HEIGHT, LEFT, TOP, SIDE_X, SIDE_Y = 460, 330, 62, 14, 370, 250

BENCH_FIGURES = (
    "request_throughput",
    "output_throughput",
    "p50_e2el_ms",
    "p95_e2el_ms",
    "p99_e2el_ms",
    "failed",
)
"""What is taken from the result file of `vllm bench serve --save-result`."""


def write_throughput(found: Throughput, out: Path, *, bench: dict[str, float] | None = None) -> Path:
    """Write `throughput.json` and `throughput.html` into `out`; returns the page. Raises EvaluationError."""
    page = (
        _environment()
        .get_template("throughput.html.jinja")
        .render(
            found=found,
            bench=bench,
            plot=age_plot(found),
            is_undefined=lambda value: isinstance(value, Undefined),
        )
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / JSON_NAME).write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (out / HTML_NAME).write_text(page, encoding="utf-8")
    except OSError as error:
        raise EvaluationError(
            f"The throughput report cannot be written to {out}: {error.strerror}."
        ) from error
    return out / HTML_NAME


def read_bench(path: Path) -> dict[str, float]:
    """The figures of a `vllm bench serve` result file that can stand beside ours. Raises EvaluationError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: float(content[name]) for name in BENCH_FIGURES if content.get(name) is not None}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise EvaluationError(
            f"{path} is not a result of vllm bench serve --save-result: {error}."
        ) from error


def throughput_lines(found: Throughput) -> str:
    """The table as text: one line for each number of feeds."""
    head = "feeds answered/s  tokens/s   latency p50/p95/p99 ms age p95 ms   lost"
    lines = [head, *(_line(load) for load in found.loads)]
    rate = found.loads[0].frame_rate if found.loads else 0
    return "\n".join(
        [
            *lines,
            f"{found.largest_holding} feeds of {rate:g} frames per second hold {found.deadline_ms:g} ms "
            f"(age at the 95th percentile of every feed, at most 1 % lost).",
            *cache_warning(found),
        ]
    )


def cache_warning(found: Throughput) -> list[str]:
    """A sentence where a server's cache was measured rather than the server."""
    shares = [load.cached_share for load in found.loads if not isinstance(load.cached_share, Undefined)]
    worst = max(shares, default=0.0)
    if worst <= ALLOWED_CACHED:
        return []
    return [
        f"{worst:.0%} of the prompt tokens came from the server's cache, though no picture was sent twice: on a road "
        "nothing repeats, and these figures are too good. Serve without a prefix cache, or look for what is shared."
    ]


def _line(load: LoadFigures) -> str:
    tokens = "-" if isinstance(load.tokens_per_s, Undefined) else f"{load.tokens_per_s:.0f}"
    latency, age = "-", "-"
    if isinstance(load.latency_ms, Percentiles) and isinstance(load.age_ms, Percentiles):
        latency = f"{load.latency_ms.p50:.0f} / {load.latency_ms.p95:.0f} / {load.latency_ms.p99:.0f}"
        age = f"{load.age_ms.p95:.0f}"
    holds = "" if load.holds else "  too much"
    return f"{load.feeds:5} {load.answered_per_s:10.1f} {tokens:>9} {latency:>24} {age:>10} {load.loss:6.1%}{holds}"


def age_plot(found: Throughput) -> Markup:
    """Age of the answers at the 95th percentile against the number of feeds, with the deadline as a line."""
    points = [(load, load.age_ms.p95) for load in found.loads if isinstance(load.age_ms, Percentiles)]
    most = max((load.feeds for load, _ in points), default=1)
    highest = 1.1 * max([found.deadline_ms, *(age for _, age in points)])
    parts = [_frame(found.deadline_ms, highest, most)]
    for load, age in points:
        parts.append(
            Markup('<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>').format(
                kind="holds" if load.holds else "fails",
                x=LEFT + SIDE_X * load.feeds / most,
                y=TOP + SIDE_Y * (1 - age / highest),
            )
        )
    return Markup('<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{parts}</svg>').format(
        width=WIDTH,
        height=HEIGHT,
        label="Age of answers, 95th percentile, by number of feeds",
        parts=Markup("").join(parts),
    )


def _frame(deadline_ms: float, highest: float, most: int) -> Markup:
    y = TOP + SIDE_Y * (1 - deadline_ms / highest)
    return Markup(
        '<rect class="frame" x="{left}" y="{top}" width="{side_x}" height="{side_y}" fill="none"/>'
        '<line class="deadline" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text x="{right}" y="{over:.1f}" text-anchor="end">deadline {deadline:g} ms</text>'
        '<text x="{before}" y="{under_top}" text-anchor="end">{highest:.0f}</text>'
        '<text x="{before}" y="{bottom}" text-anchor="end">0</text>'
        '<text x="{right}" y="{below}" text-anchor="end">{most} feeds</text>'
        '<text x="{left}" y="{below}">0</text>'
    ).format(
        left=LEFT,
        top=TOP,
        side_x=SIDE_X,
        side_y=SIDE_Y,
        right=LEFT + SIDE_X,
        y=y,
        over=y - 6,
        deadline=deadline_ms,
        before=LEFT - 8,
        under_top=TOP + 10,
        highest=highest,
        bottom=TOP + SIDE_Y,
        below=TOP + SIDE_Y + 20,
        most=most,
    )


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
