"""The trainings of this workspace: which there are, the curves of one, and the command that comes after it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from annotator.runtime import workspace
from annotator.widgets.charts import drawn
from annotator.widgets.page import empty_state, page_head, plain
from annotator.widgets.times import as_written
from data.commands.following import after_merge
from data.errors import SnapshotError
from data.snapshot.folder import MANIFEST, read_manifest
from data.store.tables import Person
from data.terminal import Settings
from data.text.visible import visible
from data.vlm.training_runs import STEP, TrainingRun, training_runs

FIRST = ("loss", "rewards/accuracies", "rewards/margins", "grad_norm")
"""The curves that a reader looks at first; the others follow below."""


def show(person: Person) -> None:
    """Every run of this workspace, the latest first; `?run=` names the one that is shown."""
    page_head(person, "Runs")
    runs = {run.name: run for run in training_runs(workspace())}
    if not runs:
        empty_state("No run yet", "Runs appear here once teletriage train has begun one in this workspace.")
        return
    st.dataframe([_row(run) for run in runs.values()], hide_index=True)
    names = list(runs)
    asked = st.query_params.get("run", "")
    if asked and asked not in names:
        told = f"There is no run {asked!r} here; this is the latest."
        st.html(f'<div class="tt-card" role="alert">{plain(told)}</div>')
    chosen = st.selectbox("Run", names, index=names.index(asked) if asked in names else 0)
    st.query_params["run"] = chosen
    _one(runs[chosen])


def _row(run: TrainingRun) -> dict[str, object]:
    last = run.history[-1] if run.history else {}
    return {
        "run": visible(run.name),
        "recipe": visible(run.recipe),
        "snapshot": visible(run.snapshot_hash[:12]),
        "base model": "stand-in" if run.is_stand_in else visible(run.base_model),
        "ended": as_written(run.finished_at) if run.finished_at else "not finished",
        "steps": int(last.get(STEP, 0)),
        "last loss": next((f"{line['loss']:.4f}" for line in reversed(run.history) if "loss" in line), "–"),
    }


def _one(run: TrainingRun) -> None:
    if run.problem:
        st.text(visible(run.problem))
        return
    st.caption("Next:" if run.finished_at else "It has not finished. To go on with it:")
    st.code(_next(run), language=None, wrap_lines=True)
    curves = run.curves()
    if not curves:
        st.text("Its log holds no figures yet; they are written when a run ends.")
        return
    order = [
        *(name for name in FIRST if name in curves),
        *sorted(name for name in curves if name not in FIRST),
    ]
    for begin in range(0, len(order), 2):  # row by row, so that a phone shows them in this order too
        for column, name in zip(st.columns(2), order[begin : begin + 2], strict=False):
            with column:
                st.text(name)
                drawn(_curve(curves[name]))


def _curve(points: Sequence[tuple[float, float]]) -> Any:
    """Hidden from screen readers, to which each step would be an image without a name."""
    return (
        alt.Chart(pd.DataFrame(points, columns=[STEP, "value"]))
        .mark_line(aria=False)
        .encode(
            x=alt.X(STEP, type="quantitative", title="step"),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
        )
        .properties(height=220)
    )


def _next(run: TrainingRun) -> str:
    """The command that goes on with an interrupted run, merges a finished one, or asks the model that it was merged
    to."""
    here = Settings(workspace(), given=("--workspace", str(workspace())))
    model = run.base_model or "MODEL"
    if run.finished_at is None:
        given = ("--snapshot", _snapshot_of(run), "--recipe", run.folder / "recipe.yaml", "--model", model)
        return here.command("train", *given, "--out", run.folder, "--resume")
    merged = Path("models") / f"{run.folder.name}-merged"
    if here.made(merged).exists():
        return after_merge(here, here.made(merged))
    return here.command("merge", "--adapter", run.folder, "--model", model, "--out", merged)


def _snapshot_of(run: TrainingRun) -> Path | str:
    """The folder of this workspace that holds what the run trains on, or a word for whoever has it elsewhere."""
    for file in (workspace() / "snapshots").glob(f"*/{MANIFEST}"):
        with suppress(SnapshotError):
            if read_manifest(file.parent).snapshot_hash == run.snapshot_hash:
                return file.parent
    return "SNAPSHOT"
