"""Two reports next to one another: the figures of all their runs, and what else differs between them."""

from __future__ import annotations

from eval.evaluation.result import Evaluation
from eval.presentation.in_words import figure_interval, figure_value
from eval.report.render import SIDE_BY_SIDE, question_told
from eval.statistics.rate import Undefined
from eval.statistics.values import Figure

_LINEAGE = (
    ("evaluated", "evaluated_at"), ("by", "author"), ("verified frames", "verified_set_hash"),
    ("held-out scenes", "split_hash"), ("a question shows", "question_shows"),
    ("reply form", "reply_form"), ("training", "recipe"), ("commit", "commit"),
)  # fmt: skip
_UNKNOWN = "not recorded"


def figures_side_by_side(reports: dict[str, Evaluation]) -> list[dict[str, str]]:
    """One row per figure, one column per run of each report, with counts and intervals as in the reports; a run that
    several reports have stands in neighbouring columns."""
    titles = {one.key: one.title for report in reports.values() for one in report.definitions}
    names = dict.fromkeys(run.name for report in reports.values() for run in report.runs)
    return [
        {
            "figure": titles[key],
            **{
                f"{name}: {run.name}": _told(run.figures[key])
                for beside in names
                for name, report in reports.items()
                for run in report.runs
                if run.name == beside and key in run.figures
            },
        }
        for key in SIDE_BY_SIDE
        if key in titles
    ]


def what_differs(first: Evaluation, second: Evaluation) -> list[dict[str, str]]:
    """What two reports rest on, where it is not the same."""
    asked = ("question", *(question_told(one) or _UNKNOWN for one in (first, second)))
    told = [
        (title, *(str(getattr(one.lineage, field) or _UNKNOWN) for one in (first, second)))
        for title, field in _LINEAGE
    ]
    return [
        {"what": what, "first": one, "second": other} for what, one, other in [*told, asked] if one != other
    ]


def rest_on_the_same_frames(first: Evaluation, second: Evaluation) -> bool:
    """Whether both compare the same frames at the same verified levels, so that their figures may be compared."""
    known = first.lineage.verified_set_hash
    same = known is not None and known == second.lineage.verified_set_hash
    return same and first.frames.compared == second.frames.compared


def _told(figure: Figure) -> str:
    if isinstance(figure.value, Undefined):
        return figure_value(figure)
    counted = "" if figure.count is None else f" {figure.count}/{figure.n}"
    return f"{figure_value(figure)}{counted} ({figure_interval(figure, figure.interval)})"
