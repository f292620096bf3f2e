"""What a report found of a model, in the card beside its weights."""

from __future__ import annotations

from pathlib import Path

from data.errors import EvaluationError
from data.vlm.model_card import EVALUATED, Evaluated, ShownFigure, write_model_card
from data.vlm.weights import read_weights
from data.whole_files import written_whole
from eval.evaluation.result import Evaluation, RunResult
from eval.presentation.in_words import figure_interval, figure_value
from eval.report.render import SIDE_BY_SIDE
from eval.statistics.values import Figure


def run_of_weights(runs: list[RunResult], folder: Path) -> RunResult:
    """The run that the weights in the folder answered. Raises EvaluationError where none of these is; ProposalError
    for a folder without a record."""
    weights = read_weights(folder)
    found = next((run for run in runs if run.revision == weights.revision), None)
    if found is None:
        raise EvaluationError(
            f"None of the runs evaluated was answered by the weights in {folder} ({weights.revision[:12]}): ask them "
            f"with teletriage propose --weights {folder}, and name that run with --run."
        )
    return found


def tell_the_card(evaluation: Evaluation, folder: Path, report: str) -> Path:
    """Keep the run's figures beside its weights and write the card anew; returns the card. Raises as
    `run_of_weights`."""
    run = run_of_weights(evaluation.runs, folder)
    titles = {one.key: one.title for one in evaluation.definitions}
    kept = Evaluated(
        weights=str(run.revision),
        run=run.name,
        report=report,
        evaluated_at=evaluation.lineage.evaluated_at,
        verified_set_hash=evaluation.lineage.verified_set_hash,
        frames=evaluation.frames.compared,
        scenes=evaluation.frames.scenes,
        unit=evaluation.method.unit,
        figures=[_row(titles[key], run.figures[key]) for key in SIDE_BY_SIDE],
    )
    with written_whole(folder / EVALUATED) as partial:
        partial.write_text(kept.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return write_model_card(folder)


def _row(title: str, figure: Figure) -> ShownFigure:
    counted = f"n = {figure.n}" if figure.count is None else f"{figure.count}/{figure.n}"
    return ShownFigure(
        title=title,
        value=figure_value(figure),
        of=counted,
        interval=figure_interval(figure, figure.interval),
    )
