"""An `Evaluation` as one self-contained HTML file: no network, no scripts, light and dark, printable."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data.errors import EvaluationError
from data.find.question import About, Filter, Question
from data.text.markdown import markdown_text
from data.text.marked import pieces
from data.text.visible import visible
from data.vocabulary import LEVELS, Split, TriageLevel, VerificationState
from data.whole_files import written_whole
from eval.evaluation.result import PRINTED, Evaluation
from eval.grounding.figures import GroundingRates
from eval.grounding.in_words import who_cut
from eval.metrics.shares import (
    FALSE_TELEOPERATION,
    MISSED_TELEOPERATION,
    NO_ANSWER,
    OVER_ESCALATION,
    SHARES,
    UNANSWERED_TELEOPERATION,
    UNDER_ESCALATION,
    cells,
)
from eval.presentation.in_words import figure_interval, figure_value, told, told_range
from eval.probes.titles import arm_titles, spoilt_rows
from eval.report.figures import recall_figure, trade_off_figure
from eval.report.frame_image import image_data_uri
from eval.report.load_figure import false_call_figure, load_figure
from eval.report.reliability_figure import reliability_figure
from eval.report.verdicts import Verdict, verdicts
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Clustering

SCHEMA = Path(__file__).with_name("evaluation.schema.json")
"""The JSON schema of `evaluation.json`, published with the package."""
JSON_NAME = "evaluation.json"
HTML_NAME = "report.html"
MARKDOWN_NAME = "report.md"

# The first table: what a reader compares runs by. All other figures stand in the table of all intervals.
SIDE_BY_SIDE = (
    "accuracy",
    "macro_f1",
    "recall_autonomy",
    "recall_supervision",
    "recall_teleoperation",
    UNDER_ESCALATION.key,
    MISSED_TELEOPERATION.key,
    UNANSWERED_TELEOPERATION.key,
    FALSE_TELEOPERATION.key,
    OVER_ESCALATION.key,
    NO_ANSWER.key,
)
_SHARES = {share.key: share for share in SHARES}
SAFETY = (UNDER_ESCALATION.key, MISSED_TELEOPERATION.key, UNANSWERED_TELEOPERATION.key)


def write_report(evaluation: Evaluation, out: Path) -> Path:
    """Write `evaluation.json`, `report.md` and `report.html` into the folder `out` and return the HTML's path.

    Each file appears whole or not at all.
    """
    out.mkdir(parents=True, exist_ok=True)
    _write_whole(out / JSON_NAME, evaluation.model_dump_json(indent=2) + "\n")
    _write_whole(out / MARKDOWN_NAME, render_markdown(evaluation))
    return _write_whole(out / HTML_NAME, render_html(evaluation))


def render_html(evaluation: Evaluation) -> str:
    """The report's HTML. Images are read now and become part of it."""
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            evaluation=evaluation,
            definitions={definition.key: definition for definition in evaluation.definitions},
            images=_images(evaluation),
            verdicts=_verdicts(evaluation),
            recall_figure=recall_figure(evaluation),
            trade_off_figure=trade_off_figure(evaluation),
            load_figure=load_figure(evaluation.load_curves),
            false_call_figure=false_call_figure(evaluation.load_curves),
            reliability_figures={run.name: reliability_figure(run) for run in evaluation.runs},
        )
    )


def render_markdown(evaluation: Evaluation) -> str:
    """The report's figures as Markdown, without its pictures. Untrusted text is escaped to stay text."""
    return (
        _environment()
        .get_template("report.md.jinja")
        .render(
            evaluation=evaluation,
            definitions={one.key: one for one in evaluation.definitions},
            verdicts=_verdicts(evaluation),
        )
    )


def _verdicts(evaluation: Evaluation) -> list[Verdict]:
    return verdicts(evaluation.claims, evaluation.gates, {one.key: one for one in evaluation.definitions})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([Path(__file__).parent, Path(__file__).parents[1] / "presentation"]),
        # everything but Markdown, whose own escaping is `markdown_text`
        autoescape=lambda name: name is None or not name.endswith(".md.jinja"),  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=visible, md=markdown_text, cell_kind=cell_kind, row_percent=row_percent
    )
    environment.tests.update(undefined_figure=_is_undefined, interval=_is_interval, clustering=_is_clustering)
    environment.globals.update(
        levels=[level.value for level in LEVELS],
        side_by_side=SIDE_BY_SIDE,
        grounding_keys=tuple(GroundingRates.model_fields),
        marked=pieces,
        who_cut=who_cut,
        safety=SAFETY,
        gallery_size=PRINTED,
        teleoperation=TriageLevel.TELEOPERATION,
        figure_value=figure_value,
        figure_interval=figure_interval,
        told=told,
        question_told=question_told,
        frames_query=frames_query,
        compared_query=compared_query,
        counted_queries=counted_queries,
        told_range=told_range,
        arm_titles=arm_titles(),
        spoilt_rows=spoilt_rows,
    )
    return environment


def frames_query(**filters: str) -> str:
    """The app's address of frames with these filters.

    >>> frames_query(level="TELEOPERATION", run="a run:failed")
    'level=TELEOPERATION&run=a+run%3Afailed'
    """
    return Question(filters=tuple(Filter(About(name), value) for name, value in filters.items())).address


def compared_query(**filters: str) -> str:
    """The same among what runs are held against: held-out frames that a camera took."""
    return frames_query(split=Split.HELD_OUT.value, generated="no", **filters)


def counted_queries(key: str, run: str) -> tuple[str | None, str | None]:
    """The app's addresses of the frames that a share of a run counts, and of those it counts them among; None where
    they are more than one cell, row or column of the confusion matrix, which no single address asks for."""
    share = _SHARES.get(key)
    return (_cells_query(share.hits, run), _cells_query(share.among, run)) if share else (None, None)


def _cells_query(drawing: str, run: str) -> str | None:
    rows, columns = map(set, np.nonzero(cells(drawing)))
    if cells(drawing).sum() != len(rows) * len(columns):
        return None
    answers = [*(level.value for level in LEVELS), "failed"]
    match len(rows), len(columns):
        case 1, 1:
            return compared_query(level=answers[rows.pop()], run=f"{run}:{answers[columns.pop()]}")
        case 1, 4:
            return compared_query(level=answers[rows.pop()])
        case 3, 1:
            return compared_query(
                state=VerificationState.VERIFIED.value, run=f"{run}:{answers[columns.pop()]}"
            )
        case 3, 4:
            return compared_query(state=VerificationState.VERIFIED.value)
    return None


def question_told(evaluation: Evaluation) -> str | None:
    """The hash of the conversation that students and aligned models were asked in, or that each run has its own; None
    where it is not recorded."""
    asked = {run.origin.question_hash for run in evaluation.runs if run.origin}
    several = "each run has its own" if len(asked) > 1 else None
    return evaluation.lineage.question_hash or several


def cell_kind(place: tuple[int, int]) -> str:
    """What a cell of the confusion matrix (row, column) means: right, too low, too high, or no assessment."""
    row, column = place
    if column == len(LEVELS):
        return "none"
    return "right" if row == column else "low" if column < row else "high"


def row_percent(count: int, row: list[int]) -> float | None:
    """Percent of the row's frames; None in a row without frames."""
    return 100 * count / sum(row) if sum(row) else None


def _is_undefined(value: Any) -> bool:
    return isinstance(value, Undefined)


def _is_clustering(value: Any) -> bool:
    return isinstance(value, Clustering)


def _is_interval(value: Any) -> bool:
    return isinstance(value, Interval)


def _images(evaluation: Evaluation) -> dict[str, str | Undefined]:
    """Data URI by frame id, or why there is no picture."""
    shown = (
        *evaluation.missed,
        *evaluation.suspicious,
        *evaluation.false_alarms[:PRINTED],
        *evaluation.confused[:PRINTED],
    )
    occluded = [frame for probe in evaluation.probes if probe.occlusion for frame in probe.occlusion.frames]
    files = {one.frame_id: one.image for one in occluded} | {one.frame_id: one.image for one in shown}
    return {
        frame_id: Undefined("no image was given") if image is None else image_data_uri(Path(image))
        for frame_id, image in files.items()
    }


def _write_whole(path: Path, text: str) -> Path:
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def refuse_taken(out: Path) -> None:
    """Raises EvaluationError where the folder holds anything: a report is never overwritten."""
    if out.is_dir() and any(out.iterdir()):
        held = "a report already" if (out / JSON_NAME).exists() else "files already"
        raise EvaluationError(f"{out} holds {held}. Name a new folder with --out; nothing was overwritten.")


def write_evaluation(evaluation: Evaluation, out: Path) -> Path:
    """Write the report folder, whole or not at all. Raises EvaluationError if it cannot be written, or holds a report
    already."""
    refuse_taken(out)
    try:
        with written_whole(out) as partial:
            write_report(evaluation, partial)
    except OSError as error:
        raise EvaluationError(f"The report cannot be written to {out}: {error.strerror}.") from error
    return out / HTML_NAME
