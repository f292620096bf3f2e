"""How far the work is: frames by state, level, data set, scene and person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from annotator.runtime import store, workspace
from annotator.widgets.charts import drawn, legend_above
from annotator.widgets.coverage_table import coverage_html
from annotator.widgets.figure_cache import cached
from annotator.widgets.frame_links import frames_address
from annotator.widgets.page import LEVEL_COLOURS, empty_state, page_head, plain
from annotator.widgets.tables import figures_table, repeated_table
from data.errors import TeletriageError
from data.find.question import About
from data.live.unanswered import unanswered_alerts
from data.overview.forecast import PAPER_SHARES, forecast
from data.overview.progress import DataSetProgress, Progress, SceneProgress
from data.overview.progress import progress as count_progress
from data.people.permissions import Act, may
from data.scenarios.catalogue import read_catalogue
from data.scenarios.plausibility import count_generated
from data.store.opening import Store
from data.store.tables import Person
from data.text.phrases import counted
from data.vocabulary import LEVELS, Mode, Split, VerificationState
from eval.coverage.from_store import Coverage, coverage
from eval.coverage.training_side import TrainingSide, training_side
from eval.statistics.rate import Interval, Undefined

_STATE_COLOURS = {"verified": "#009E73", "contested": "#D55E00", "awaiting": "#B8BDC4"}
_SCENES_SHOWN = 25
_SIDES = {Split.TRAIN: "to train on", Split.HELD_OUT: "held out"}


def show(person: Person) -> None:
    """Progress for leads and trainers."""
    page_head(person, "Progress")
    if may(person.role, Act.WATCH_FEEDS):
        _unanswered()
    counts = cached(store(), count_progress)
    if not counts.scenes:
        empty_state("No frame is in review yet", "Run teletriage sample and teletriage propose first.")
        return
    _totals(counts)
    _generated()
    _by_data_set(counts)
    _forecast()
    left, right = st.columns([58, 42], gap="large")
    with left:
        st.header("Frames by scene")
        shown = _most_left(counts.scenes)
        if len(shown) < len(counts.scenes):
            st.caption(
                f"The {len(shown):,} of {len(counts.scenes):,} scenes with most left to do; "
                "all of them are in the table below."
            )
        drawn(_by_scene(shown))
    with right:
        st.header("Verified frames by level")
        st.caption("Not the balance of the data: likely TELEOPERATION is reviewed first.")
        drawn(_by_level(counts))
        _links([(About.LEVEL, level.value, level.value) for level in LEVELS])
        st.header("Reviews by person")
        figures_table(_by_person(counts), name="reviews-by-person", link="frames")
        st.caption("Accepted: of the reviews in which a proposal was shown.")
    with st.expander("Frames by scene as a table"):
        figures_table(_scene_rows(counts.scenes), name="frames-by-scene", link="frames")
    _coverage()


def _coverage() -> None:
    """What the catalogue's scenarios lack; counted when somebody opens it."""
    section = st.expander("Coverage by scenario", key="coverage", on_change="rerun")
    if not section.open:
        return
    with section:
        try:
            st.html(coverage_html(cached(store(), _covered)))
        except TeletriageError as error:
            st.text(str(error))


def _covered(of: Store) -> Coverage:
    return coverage(of, read_catalogue(), workspace() / "reports")


def _unanswered() -> None:
    """Alerts of live feeds that nobody answered or acknowledged; nothing where there are none."""
    missed = unanswered_alerts(store())
    if missed.n:
        alerts = counted(missed.n, "alert")
        st.warning(
            f"{alerts} of live feeds ended without an answer ({missed.teleoperation:,} TELEOPERATION) and "
            "nobody has acknowledged them."
        )
        st.html('<a href="monitor" target="_self">Acknowledge them on Monitor</a>')


def _generated() -> None:
    """How much of all this a generator made; nothing where none of it is."""
    made = count_generated(store())
    if made.clips:
        st.caption(
            f"{made.frames:,} of these frames were generated. Of {counted(made.clips, 'generated clip')} "
            f"{made.rejected:,} stand rejected as impossible and are not used."
        )
        _links([(About.GENERATED, "yes", "generated")])


def _totals(counts: Progress) -> None:
    def total(state: VerificationState) -> int:
        return sum(by_state[state] for by_state in counts.states.values())

    columns = st.columns(5)
    figures = (
        ("Sampled frames", counts.sampled),
        ("Verified", total(VerificationState.VERIFIED)),
        ("Contested", total(VerificationState.CONTESTED)),
        ("Awaiting reviews", total(VerificationState.AWAITING)),
        ("Reviews written", counts.reviews),
    )
    for column, (label, value) in zip(columns, figures, strict=True):
        column.metric(label, f"{value:,}", border=True)
    sides = [
        f"{by_state[VerificationState.VERIFIED]:,} of {sum(by_state.values()):,} frames {_SIDES[side]} are verified"
        for side, by_state in counts.states.items()
    ]
    aside = f"; {counts.set_aside:,} frames are set aside for their image" if counts.set_aside else ""
    st.caption("; ".join(sides) + aside + ".")
    _links([(About.STATE, state.value, state.value) for state in VerificationState])


def _links(values: Sequence[tuple[About, str, str]]) -> None:
    """Links to the frames that a figure above counts, each by its filter and under its own word."""
    links = (
        f'<a href="{escape(frames_address((about, value)))}" target="_self">{word}</a>'
        for about, value, word in values
    )
    st.html(f'<p class="tt-note">Show the frames: {", ".join(links)}</p>')


def _by_data_set(counts: Progress) -> None:
    """What was ingested and what became of it, where there are several data sets."""
    if sum(not one.is_made_here for one in counts.data_sets) < 2:  # noqa: PLR2004
        return
    st.header("Frames by data set")
    rows = [
        {
            "data set": one.name,
            "terms": "made here" if one.is_made_here else _terms(one),
            "ingested": one.frames,
            "set aside": one.set_aside,
            "in review": sum(one.states.values()),
            **{state.value: n for state, n in one.states.items()},
            **{level.value: n for level, n in one.levels.items()},
            "frames": frames_address((About.DATA_SET, one.name)),
        }
        for one in counts.data_sets
        if one.frames
    ]
    figures_table(rows, name="frames-by-data-set", link="frames")
    st.caption("Levels: of the verified frames, which are not the balance of a data set.")


def _terms(one: DataSetProgress) -> str:
    return "; ".join(licence or "not stated" for licence in one.licences)


def _scene_rows(scenes: Sequence[SceneProgress]) -> list[dict[str, Any]]:
    """With their data sets where there are several."""
    is_mixed = len({scene.data_set for scene in scenes}) > 1
    rows = []
    for scene in scenes:
        row = asdict(scene)
        data_set = row.pop("data_set")
        del row["shares_name"]
        of_set = ((About.DATA_SET, data_set),) if scene.shares_name else ()
        link = frames_address((About.SCENE, scene.name), *of_set)
        rows.append({**({"data set": data_set} if is_mixed else {}), **row, "frames": link})
    return rows


def _most_left(scenes: list[SceneProgress]) -> list[SceneProgress]:
    """At most _SCENES_SHOWN scenes, those with most frames to be reviewed or settled; by name."""
    most = sorted(scenes, key=lambda scene: -(scene.contested + scene.awaiting))[:_SCENES_SHOWN]
    return sorted(most, key=lambda scene: scene.name)


def _by_scene(scenes: list[SceneProgress]) -> Any:
    rows = [
        {
            "scene": _called(scene),
            "state": state,
            "frames": n,
        }
        for scene in scenes
        for state, n in (
            ("verified", scene.verified),
            ("contested", scene.contested),
            ("awaiting", scene.awaiting),
        )
    ]
    order = list(_STATE_COLOURS)
    return (
        alt.Chart(pd.DataFrame(rows))
        .transform_calculate(place=f"indexof({order}, datum.state)")
        .mark_bar()
        .encode(
            x=alt.X("sum(frames):Q", title="frames", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("scene:N", title=None, axis=alt.Axis(labelLimit=240)),
            color=alt.Color(
                "state:N",
                scale=alt.Scale(domain=order, range=list(_STATE_COLOURS.values())),
                legend=legend_above(),
            ),
            order=alt.Order("place:Q"),
            tooltip=["scene", "state", "frames"],
        )
        .properties(height=alt.Step(24))
    )


def _called(scene: SceneProgress) -> str:
    name = f"{scene.name} of {scene.data_set}" if scene.shares_name else scene.name
    return name if scene.split is Split.TRAIN else f"{name} (held out)"


def _by_level(counts: Progress) -> Any:
    total = max(1, sum(counts.levels.values()))
    rows = [
        {"level": level.value, "frames": n, "label": f"{level.value} · {n:,} ({n / total:.0%})"}
        for level, n in counts.levels.items()
    ]
    bars = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=200)),
            x=alt.X("frames:Q", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "level:N",
                legend=None,
                scale=alt.Scale(
                    domain=[level.value for level in LEVEL_COLOURS], range=list(LEVEL_COLOURS.values())
                ),
            ),
            tooltip=["level", "frames"],
        )
    )
    return bars.properties(height=alt.Step(30))


def _forecast() -> None:
    ahead = cached(store(), forecast)
    pace = (
        f"about {counted(max(1, round(ahead.days_left)), 'working day')} at {ahead.per_day:,.0f} reviews a day"
        if ahead.days_left is not None and ahead.per_day
        else "no pace yet, because nobody has reviewed in the last week (scripts and paused people are left out)"
    )
    side = cached(store(), training_side)
    pairs = ", ".join(f"{n:,} of weight {weight:g}" for weight, n in ahead.pairs.by_weight.items())
    if ahead.pairs.equal_levels:
        pairs += f"; {ahead.pairs.equal_levels:,} of them differ in words only, not in level"
    still = (
        f"At least {counted(ahead.reviews_left, 'more review')}"
        if ahead.reviews_left
        else "No review is missing"
    )
    lines = (
        ("What is left", f"{still}; {pace}" if ahead.reviews_left else still),
        ("Preference pairs so far", pairs or "none yet"),
        ("Preference pairs in the end", _expected_pairs(side)),
        ("Class balance of the training side", _balance(side)),
    )
    rows = "".join(f"<tr><th>{name}</th><td>{plain(text)}</td></tr>" for name, text in lines)
    st.html(f'<table class="tt-table">{rows}</table>')
    repeated_table(ahead.repeated)


def _expected_pairs(side: TrainingSide) -> str:
    known = {weight: side.expected(weight) for weight in side.pairs}
    told = [
        f"{low:,} to {high:,} of weight {weight:g}"
        for weight, found in known.items()
        if found is not None
        for low, _, high in [found]
    ]
    return f"{', '.join(told)} (95 %, {_from_share(side)})" if told else _too_few(side)


def _balance(side: TrainingSide) -> str:
    told = [
        f"{level.value} {one.rate.value:.0%} ({one.interval.low:.0%} to {one.interval.high:.0%}; "
        f"paper {PAPER_SHARES[level]:.0%})"
        for level, one in side.levels.items()
        if isinstance(one.interval, Interval)
    ]
    return f"{', '.join(told)}: 95 %, {_from_share(side)}" if told else _too_few(side)


def _from_share(side: TrainingSide) -> str:
    still = f", {side.open:,} of them not settled" if side.open else ""
    return f"from the {counted(side.n, 'reviewed frame')} of the random share{still}"


def _too_few(side: TrainingSide) -> str:
    """Verified frames would mislead: the order of review puts likely TELEOPERATION first."""
    if not side.levels:
        return "not known yet: no frame of the random share is reviewed"
    reason = next(one.interval for one in side.levels.values())
    return f"not known yet from the random share: {reason.reason if isinstance(reason, Undefined) else 'no pair in it'}"


def _by_person(counts: Progress) -> list[dict[str, Any]]:
    return [
        {
            "person": one.name,
            "reviews": one.reviews,
            "accepted": f"{one.accepted:,} of {one.shown:,}",
            "blind": one.by_mode[Mode.BLIND],
            "decide first": one.by_mode[Mode.DECIDE_FIRST],
            "in stacks": one.by_mode[Mode.STACK],
            "frames": frames_address((About.PERSON, one.account)),
        }
        for one in counts.people
    ]
