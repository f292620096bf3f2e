"""Agreement as rows, sentences, JSON and one self-contained HTML page: the same figures everywhere."""

from __future__ import annotations

from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from data.text.csv_text import csv_text
from data.text.phrases import counted
from data.text.visible import visible
from data.vocabulary import LEVELS
from eval.agreement.estimates import Estimate
from eval.agreement.from_store import Agreement, AgreementSummary
from eval.statistics.rate import Interval, Rate, Undefined

HTML_NAME, CSV_NAME = "agreement.html", "agreement.csv"
KINDS = {
    "independent": "Independent ratings: blind reviews, and the level chosen before the proposal was shown",
    "assisted": "Assisted ratings: the proposal was shown, so people agree with it and through it with each other",
}


def estimate_rows(summary: AgreementSummary) -> list[dict[str, Any]]:
    """One row per figure, as tables and CSV show them; empty text where there is no number."""
    return [
        {
            "figure": one.name,
            "value": value_text(one.value),
            "95 % interval": interval_text(one),
            "n": one.n,
            "definition": one.definition,
        }
        for one in summary.estimates
    ]


def value_text(value: float | Rate | Undefined) -> str:
    """A coefficient to two decimals, a share with its counts, or a dash."""
    if isinstance(value, Undefined):
        return "—"
    return (
        f"{value.value:.0%} ({value.count:,} of {value.n:,})" if isinstance(value, Rate) else f"{value:.2f}"
    )


def interval_text(estimate: Estimate) -> str:
    """The interval, or why there is none."""
    if isinstance(estimate.value, Undefined):
        return str(estimate.value)
    if isinstance(estimate.interval, Undefined):
        return f"no interval: {estimate.interval.reason}"
    return f"{estimate.interval.low:.2f} to {estimate.interval.high:.2f}"


def as_figures(agreement: Agreement) -> dict[str, Any]:
    """Everything as plain values for JSON."""
    return {
        "independent": _summary_figures(agreement.independent),
        "assisted": _summary_figures(agreement.assisted),
    }


def _summary_figures(summary: AgreementSummary) -> dict[str, Any]:
    return {
        "ratings": summary.ratings,
        "people": summary.people,
        "frames": summary.frames,
        "frames_rated_twice": summary.rated_twice,
        "scenes": summary.scenes,
        "figures": [_estimate_figures(one) for one in summary.estimates],
        "pair": list(summary.pair) if summary.pair else None,
        "matrix": summary.matrix.tolist() if summary.matrix is not None else None,
        "teleoperation_autonomy_conflicts": [one.filename for one in summary.conflicts],
    }


def _estimate_figures(one: Estimate) -> dict[str, Any]:
    interval = one.interval if isinstance(one.interval, Interval) else None
    value = one.value.value if isinstance(one.value, Rate) else one.value
    return {
        "name": one.name,
        "value": None if isinstance(value, Undefined) else value,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "n": one.n,
        "why_undefined": one.value.reason if isinstance(one.value, Undefined) else None,
        "definition": one.definition,
    }


def as_sentences(agreement: Agreement) -> list[str]:
    """What the command prints for people."""
    lines: list[str] = []
    for kind, summary in (("independent", agreement.independent), ("assisted", agreement.assisted)):
        lines += [KINDS[kind], f"  {_counts(summary)}"]
        lines += [
            f"  {row['figure']:32} {row['value']:>22}  {row['95 % interval']}"
            for row in estimate_rows(summary)
        ]
        lines += [f"  A against T: {visible(one.filename)}" for one in summary.conflicts]
    return lines


def _counts(summary: AgreementSummary) -> str:
    rated = f"{counted(summary.ratings, 'rating')} by {counted(summary.people, 'person', 'people')}"
    return f"{rated}; {counted(summary.rated_twice, 'frame')} rated twice or more in {counted(summary.scenes, 'scene')}"


def write_agreement_report(agreement: Agreement, out: Path) -> Path:
    """Write the page and the CSV into the folder `out`; returns the page."""
    out.mkdir(parents=True, exist_ok=True)
    (out / CSV_NAME).write_text(csv_text(estimate_rows(agreement.independent)), encoding="utf-8")
    page = out / HTML_NAME
    page.write_text(agreement_html(agreement), encoding="utf-8")
    return page


def agreement_html(agreement: Agreement) -> str:
    """The page: no scripts, no network, all text escaped."""
    css = resources.files("eval.presentation").joinpath("report.css").read_text(encoding="utf-8")
    body = _section("independent", agreement.independent) + _section("assisted", agreement.assisted)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Agreement</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{css}\ntd, th {{ padding: 5px 18px 5px 0; }}</style></head><body><main>"
        f"<h1>Do people agree?</h1>{body}</main></body></html>\n"
    )


def _section(kind: str, summary: AgreementSummary) -> str:
    rows = estimate_rows(summary)
    head = "".join(f"<th>{escape(name)}</th>" for name in (rows[0] if rows else []))
    cells = "".join(
        "<tr>" + "".join(f"<td>{escape(visible(str(value)))}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    table = f'<div class="scroll"><table><tr>{head}</tr>{cells}</table></div>'
    return (
        f"<section><h2>{escape(KINDS[kind])}</h2><p>{escape(_counts(summary))}</p>{table}"
        f"{_matrix(summary)}{_conflicts(summary)}</section>"
    )


def _matrix(summary: AgreementSummary) -> str:
    if summary.matrix is None or summary.pair is None:
        return ""
    first, second = (escape(visible(name)) for name in summary.pair)
    head = "".join(f"<th>{level.value}</th>" for level in LEVELS)
    rows = "".join(
        f"<tr><th>{level.value}</th>{''.join(f'<td>{int(n):,}</td>' for n in row)}</tr>"
        for level, row in zip(LEVELS, summary.matrix, strict=True)
    )
    return (
        f'<h2>Who said what</h2><p class="note">Rows: {first}. Columns: {second}.</p>'
        f"<table><tr><th></th>{head}</tr>{rows}</table>"
    )


def _conflicts(summary: AgreementSummary) -> str:
    names = "".join(f"<li>{escape(visible(one.filename))}</li>" for one in summary.conflicts)
    return f"<h2>AUTONOMY versus TELEOPERATION: {len(summary.conflicts):,}</h2><ul>{names}</ul>"
