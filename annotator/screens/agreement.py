"""Whether people agree when nothing has been proposed to them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from annotator.runtime import store
from annotator.widgets.charts import drawn
from annotator.widgets.figure_cache import cached
from annotator.widgets.frame_links import counted_frames
from annotator.widgets.page import empty_state, level_chip, page_head, plain
from annotator.widgets.tables import figures_table
from data.find.question import About
from data.store.tables import Person
from data.text.phrases import counted
from data.vocabulary import LEVELS, TriageLevel
from eval.agreement.estimates import Estimate
from eval.agreement.from_store import AgreementSummary, agreement
from eval.agreement.report import agreement_html, estimate_rows, interval_text, value_text
from eval.statistics.rate import Interval, Rate, Undefined

_CONFLICTS_SHOWN = 25
_CHARTED = frozenset(
    {
        "Krippendorff's alpha, ordinal",
        "Cost-weighted agreement",
        "Gwet's AC2, quadratic",
        "TELEOPERATION agreement",
    }
)
"""The coefficients that respect the order of the levels, and the level that matters most; the table has all."""
_HEADLINES = ("Krippendorff's alpha, ordinal", "Cost-weighted agreement", "TELEOPERATION agreement")


def show(person: Person) -> None:
    """Agreement figures for leads and trainers, each with its n and its interval."""
    page_head(person, "Agreement")
    found = cached(store(), agreement)
    summary = found.independent
    if not summary.rated_twice:
        empty_state("No frame has two independent ratings yet", _why_none(summary))
        return
    _headlines(summary)
    st.caption(
        "Only independent ratings count: blind reviews, and the level chosen before the proposal was shown. "
        "Intervals are 95 %, over scenes, and refused below ten scenes with frames rated twice."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.header("Coefficients")
        drawn(_chart(summary))
    with right:
        if summary.pair is not None:
            st.header("Who said what")
            st.html(_matrix(summary))
        _conflicts(summary)
    figures_table(estimate_rows(summary), name="agreement")
    st.download_button("Download report", agreement_html(found), file_name="agreement.html", mime="text/html")
    with st.expander("Assisted ratings, apart"):
        st.caption(
            "Here people saw the proposal. They agree with it, and through it with each other: it proves nothing."
        )
        figures_table(estimate_rows(found.assisted), name="agreement-assisted")


def _why_none(summary: AgreementSummary) -> str:
    if summary.people == 1:
        return "One person alone has rated independently; agreement takes two."
    return (
        "Held-out frames are reviewed blind by two people; agreement appears once the first pair is complete."
    )


def _headlines(summary: AgreementSummary) -> None:
    columns = st.columns(4)
    columns[0].metric("Frames rated twice or more", f"{summary.rated_twice:,}", border=True)
    columns[0].caption(
        f"{summary.ratings:,} independent ratings, {summary.people:,} people, {summary.scenes:,} scenes"
    )
    by_name = {one.name: one for one in summary.estimates}
    for column, name in zip(columns[1:], _HEADLINES, strict=True):
        _metric(column, by_name[name])


def _metric(column: st.delta_generator.DeltaGenerator, estimate: Estimate) -> None:
    value = estimate.value
    column.metric(
        estimate.name, f"{value.value:.0%}" if isinstance(value, Rate) else value_text(value), border=True
    )
    of = f"{value.count:,} of {value.n:,} pairs" if isinstance(value, Rate) else f"{estimate.n:,} frames"
    column.caption(f"{of}; {interval_text(estimate)}")


def _chart(summary: AgreementSummary) -> Any:
    rows = [
        {
            "figure": one.name,
            "value": one.value.value if isinstance(one.value, Rate) else one.value,
            "low": one.interval.low if isinstance(one.interval, Interval) else None,
            "high": one.interval.high if isinstance(one.interval, Interval) else None,
        }
        for one in summary.estimates
        if one.name in _CHARTED and not isinstance(one.value, Undefined)
    ]
    base = alt.Chart(pd.DataFrame(rows, columns=["figure", "value", "low", "high"])).encode(
        y=alt.Y("figure:N", title=None, sort=None, axis=alt.Axis(labelLimit=260))
    )
    scale = alt.Scale(domain=[min(0.0, *(row["low"] or 0.0 for row in rows)) if rows else 0.0, 1.0])
    bars = base.mark_rule(color="#0072B2", strokeWidth=2, aria=False).encode(
        x=alt.X("low:Q", title="value with its 95 % interval", scale=scale), x2="high:Q"
    )
    points = base.mark_point(color="#0072B2", filled=True, size=70, opacity=1).encode(
        x=alt.X("value:Q", scale=scale), tooltip=["figure", "value", "low", "high"]
    )
    return alt.layer(bars, points).properties(height=alt.Step(24))


def _matrix(summary: AgreementSummary) -> str:
    first, second = summary.pair or ("", "")
    matrix: Any = summary.matrix if summary.matrix is not None else []
    head = "".join(f'<th class="n">{level_chip(level)}</th>' for level in LEVELS)
    rows = "".join(
        f"<tr><th>{level_chip(level)}</th>" + _cells(summary.accounts or ("", ""), level, row) + "</tr>"
        for level, row in zip(LEVELS, matrix, strict=False)
    )
    caption = f"Rows: {plain(first)}. Columns: {plain(second)}. Frames that both rated."
    return (
        '<div class="tt-wide" role="region" aria-label="Who said what" tabindex="0">'
        f'<table class="tt-table tt-levels"><tr><th></th>{head}</tr>{rows}</table></div>'
        f'<p class="tt-note">{caption}</p>'
    )


def _cells(accounts: tuple[str, str], level: TriageLevel, row: Sequence[int]) -> str:
    """The row of what the second person said where the first said the level, each number with its frames."""
    first, second = accounts
    rated = (About.OWN, f"{first}:{level.value}"), (About.GENERATED, "no")
    return "".join(
        f'<td class="n">{counted_frames(int(n), *rated, (About.OWN, f"{second}:{other.value}"))}</td>'
        for other, n in zip(LEVELS, row, strict=True)
    )


def _conflicts(summary: AgreementSummary) -> None:
    st.header("AUTONOMY versus TELEOPERATION")
    if not summary.conflicts:
        st.write("On no frame did one person say AUTONOMY and another TELEOPERATION.")
        return
    links = "".join(
        f'<li><a href="frame?id={escape(one.frame_id)}" target="_self">{plain(one.filename)}</a></li>'
        for one in summary.conflicts[:_CONFLICTS_SHOWN]
    )
    more = len(summary.conflicts) - _CONFLICTS_SHOWN
    rest = f"<div>and {more:,} more, all of them in the report</div>" if more > 0 else ""
    count = counted(len(summary.conflicts), "frame")
    st.html(f'<div class="tt-text">{count}, each for a lead to settle:<ul>{links}</ul>{rest}</div>')
