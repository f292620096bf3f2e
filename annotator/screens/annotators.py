"""How each annotator works, whether the proposal biases them, and how they fare on gold."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from annotator.runtime import store
from annotator.screens.lead.pauses import show_pauses
from annotator.widgets.charts import drawn, legend_above
from annotator.widgets.figure_cache import cached
from annotator.widgets.frame_links import frames_address
from annotator.widgets.page import empty_state, page_head, plain
from annotator.widgets.tables import figures_table, is_lead
from data.find.question import About
from data.people.accounts import list_people
from data.review.gold import LARGEST_SHARE, gold_share, set_gold_share
from data.store.tables import Person
from data.text.phrases import counted
from data.text.visible import visible
from data.vocabulary import Mode
from eval.annotators.automation_bias import Bias, Share
from eval.annotators.from_store import (
    OVERLOOKS_NEED,
    AnnotatorWork,
    Overlooks,
    PeopleSummary,
    WithPeers,
    people_summary,
)
from eval.annotators.gold_score import golds_needed
from eval.statistics.rate import Interval, Rate, Undefined

_LINES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#555555"]
_COLOURS = {"assisted": "#0072B2", "decide first": "#E69F00", "blind": "#009E73", "stack": "#CC79A7"}


def show(person: Person) -> None:
    """Everybody's work for leads and trainers."""
    page_head(person, "Annotators")
    found = cached(store(), people_summary)
    if not found.people:
        empty_state("Nobody has reviewed yet", "Pace, modes and agreement appear with the first reviews.")
        return
    work, bias, gold = st.tabs(["Work", "Automation bias", "Gold"])
    with work:
        _work(found)
        show_pauses(person)
    with bias:
        _bias(found)
    with gold:
        _gold(person, found)


def _work(found: PeopleSummary) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Modes")
        drawn(_modes(found.people))
    with right:
        st.header("Reviews by day")
        drawn(_days(found.people))
    names = {one.id: one.name for one in list_people(store())}
    figures_table(
        [{**_work_row(one), "frames": _frames_of(names[one.person_id])} for one in found.people],
        name="annotators",
        link="frames",
    )
    _drift(found.people)
    st.caption(
        "Hours add up the time between reviews no more than ten minutes apart. Too fast: decided in under a second. "
        "Peers: independent ratings that agree with another person's; first and last third of them show drift. Their "
        "95 % intervals are over scenes, from ten on. The estimated share overlooked (Dawid-Skene) has no "
        "interval: it ranks people for a second look and overrules nobody. "
        f"It needs {OVERLOOKS_NEED} frames of a person that are likely TELEOPERATION."
    )


def _frames_of(account: str) -> str:
    return frames_address((About.PERSON, account))


def _work_row(one: AnnotatorWork) -> dict[str, Any]:
    return {
        "person": visible(one.name) + ("" if one.is_active else " (left)"),
        "reviews": one.reviews,
        "hours": round(one.hours, 1),
        "per hour": f"{one.reviews / one.hours:,.0f}" if one.hours >= 0.1 else "—",  # noqa: PLR2004
        "seconds per frame (median)": "—" if one.seconds is None else f"{one.seconds:.1f}",
        "too fast": _of(one.too_fast),
        "kept the proposal": _of(one.accepted),
        "agrees with peers": _with_peers(one.peers),
        "first third": _with_peers(one.early),
        "last third": _with_peers(one.late),
        "TELEOPERATION overlooked (estimate)": _overlooks(one.overlooks),
    }


def _with_peers(agreed: WithPeers | None) -> str:
    if agreed is None:
        return "—"
    ends = f"; {_interval(agreed.interval)}" if isinstance(agreed.interval, Interval) else ""
    return f"{agreed.rate.value:.0%} ({agreed.rate.count:,} of {agreed.rate.n:,}{ends})"


def _overlooks(found: Overlooks | None) -> str:
    if found is None or isinstance(found.share, Undefined):
        return "—"
    return f"{found.share:.0%} (n ≈ {found.n:,})"


def _of(rate: Rate | None) -> str:
    return "—" if rate is None else f"{rate.value:.0%} ({rate.count:,} of {rate.n:,})"


def _modes(people: list[AnnotatorWork]) -> Any:
    rows = [
        {"person": visible(one.name), "mode": mode.value.replace("_", " "), "reviews": one.by_mode[mode]}
        for one in people
        for mode in Mode
    ]
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            x=alt.X("sum(reviews):Q", title="reviews", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("person:N", title=None, axis=alt.Axis(labelLimit=200)),
            color=alt.Color(
                "mode:N",
                scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
                legend=legend_above(),
            ),
            tooltip=["person", "mode", "reviews"],
        )
        .properties(height=alt.Step(26))
    )


def _days(people: list[AnnotatorWork]) -> Any:
    rows = [
        {
            "person": visible(one.name),
            "day": f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}",
            "reviews": n,
        }
        for one in people
        for day, n in one.by_day.items()
    ]
    days = max(1, len({row["day"] for row in rows}))
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(color="#0072B2", size=max(2, min(28, 400 // days)))
        .encode(
            x=alt.X("day:O", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("sum(reviews):Q", title="reviews", axis=alt.Axis(tickMinStep=1)),
            tooltip=["day", "sum(reviews)"],
        )
        .properties(height=190)
    )


def _drift(people: list[AnnotatorWork]) -> None:
    """Agreement with peers week by week, where there is more than one week to compare."""
    rows: list[dict[str, Any]] = [
        {
            "person": visible(one.name),
            "week from": f"{datetime.fromtimestamp(week * 7 * 86_400, UTC):%Y-%m-%d}",
            "agrees with peers": agreed.rate.value,
            "of": agreed.rate.n,
            "95 % interval": _interval(agreed.interval),
            **_ends(agreed.interval),
        }
        for one in people
        for week, agreed in one.by_week.items()
    ]
    if len({row["week from"] for row in rows}) < 2:  # noqa: PLR2004
        return
    st.header("Agreement with peers by week")
    seen = [row[end] for row in rows for end in ("agrees with peers", "low") if row[end] is not None]
    scale = alt.Scale(domain=[min(math.floor(10 * min(seen)) / 10, 0.9), 1])
    base = alt.Chart(pd.DataFrame(rows)).encode(x=alt.X("week from:O", axis=alt.Axis(labelAngle=0)))
    points = base.mark_line(point=True).encode(
        y=alt.Y("agrees with peers:Q", axis=alt.Axis(format="%"), scale=scale),
        color=alt.Color("person:N", scale=alt.Scale(range=_LINES), legend=legend_above(columns=1)),
        strokeDash=alt.StrokeDash("person:N", legend=None),
        tooltip=[
            "person",
            "week from",
            alt.Tooltip("agrees with peers:Q", format=".0%"),
            "of",
            "95 % interval",
        ],
    )
    whiskers = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(aria=False)
        .encode(y=alt.Y("low:Q", scale=scale, title="agrees with peers"), y2="high:Q", color="person:N")
    )
    drawn((whiskers + points).properties(height=220))
    with st.expander("Agreement by week as a table"):
        table = [
            {
                "person": row["person"],
                "week from": row["week from"],
                "agrees with peers": f"{row['agrees with peers']:.0%}",
                "of": row["of"],
                "95 % interval": row["95 % interval"],
            }
            for row in rows
        ]
        figures_table(table, name="agreement-by-week")


def _ends(interval: Interval | Undefined) -> dict[str, float | None]:
    """The whisker of a point, none where there is no interval."""
    if isinstance(interval, Undefined):
        return {"low": None, "high": None}
    return {"low": interval.low, "high": interval.high}


def _bias(found: PeopleSummary) -> None:
    st.caption(
        "The random share, as far as leads have settled it whatever people said (Adjudicate), speaks of all frames; "
        "gold was contested, so it speaks of hard ones. "
        "Frames are assigned to the modes at random, so the difference between them is the effect of showing the "
        "proposal. Left out: held-out frames, audits, and blind answers just after a proposal of the same "
        "scene. Intervals are 95 %, over scenes."
    )
    groups = [
        ("everybody", "random share", found.on_random_share),
        ("everybody", "gold", found.on_gold),
        ("everybody", "true TELEOPERATION", found.teleoperation),
        *((visible(name), "both", one) for name, one in found.by_person.items()),
        *((visible(name), "true TELEOPERATION", one) for name, one in found.teleoperation_by_person.items()),
    ]
    known = [group for group in groups if any(share.is_shown for share in group[2].shares)]
    if len(known) < len(groups):
        few = ", ".join(f"{who} on {what}" for who, what, one in groups if (who, what, one) not in known)
        told = f"Not enough answers on wrong proposals yet (30 for a figure): {few}."
        st.html(f'<div class="tt-note">{plain(told)}</div>')
    if not known:
        return
    rows = [row for group in known for row in _bias_rows(*group)]
    figures_table(rows, name="automation-bias")


def _bias_rows(who: str, what: str, bias: Bias) -> list[dict[str, Any]]:
    rows = [{"person": who, "frames": what, "figure": one.name, **_shown(one)} for one in bias.shares]
    too_few = f"needs {bias.needed:,} more settled frames"
    effect = too_few if bias.effect is None else f"{bias.effect:+.0%}"
    interval = _interval(bias.effect_interval)
    last = {
        "person": who,
        "frames": what,
        "figure": "effect of showing it at once",
        "value": effect,
        "95 % interval": interval,
    }
    return [*rows, last]


def _shown(share: Share) -> dict[str, str]:
    if not share.is_shown or share.rate is None:
        return {"value": f"needs {share.needed:,} more settled frames", "95 % interval": "—"}
    return {"value": _of(share.rate), "95 % interval": _interval(share.interval)}


def _interval(interval: Interval | Undefined | None) -> str:
    if isinstance(interval, Interval):
        return f"{interval.low:.0%} to {interval.high:.0%}"
    return "—" if interval is None else f"no interval: {interval.reason}"


def _gold(person: Person, found: PeopleSummary) -> None:
    st.caption(
        f"{counted(found.gold_frames, 'gold frame')}. People are judged on TELEOPERATION golds alone, after each one, "
        f"and pass after {golds_needed():,} without a miss. Over any number of golds, at most 5 of 100 people who "
        "recognise 90 % of them pass by luck, and at most 10 of 100 who recognise 98 % fail. Gold was contested, so it "
        "is harder than most frames; answers of all modes count."
    )
    with store().read() as session:
        share = gold_share(session)
    if is_lead(person):
        percent = st.slider(
            "Share of gold in everybody's queue, %", 0, round(100 * LARGEST_SHARE), round(100 * share)
        )
        if percent != round(100 * share):
            set_gold_share(store(), int(person.id or 0), percent / 100)
    rows = [
        {
            "person": visible(one.name),
            "gold": _of(one.gold),
            "TELEOPERATION gold": _of(one.gold_teleoperation),
            "passes": str(one.passes.reason)
            if isinstance(one.passes, Undefined)
            else ("yes" if one.passes else "no"),
        }
        for one in found.people
    ]
    figures_table(rows, name="gold")
