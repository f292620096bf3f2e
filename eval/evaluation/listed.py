"""Evaluating on a named list: which frames are left, and what a report on frames that people chose must say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data.errors import EvaluationError
from data.frames.named_lists import NamedList
from data.text.phrases import counted
from eval.evaluation.reference import ReferenceFrame
from eval.evaluation.result import Evaluation, LeftOut, ListedFrames

NO_CLAIM = (
    "A claim is about the whole held-out set, and people chose those of a list: leave one of the two out."
)


def on_the_list(frames: Sequence[ReferenceFrame], chosen: NamedList) -> list[ReferenceFrame]:
    """Those on the list, without the probability of their draw: nobody drew them. Raises EvaluationError for none."""
    found = [replace(one, inclusion=None) for one in frames if one.frame_id in chosen.frame_ids]
    if not found:
        raise EvaluationError(
            f"None of the {counted(len(chosen.frame_ids), 'frame')} on the list {chosen.name!r} is a verified "
            "held-out frame, so there is nothing to evaluate against."
        )
    return found


def with_list(evaluation: Evaluation, chosen: NamedList, others: int) -> Evaluation:
    """The evaluation, saying of which frames it is. others: verified held-out frames that are not on the list."""
    about = ListedFrames(name=chosen.name, frames=len(chosen.frame_ids), sha256=chosen.sha256)
    left = LeftOut(reason=f"verified, but not on the list {chosen.name}", frames=others)
    account = evaluation.frames.model_copy(update={"left_out": [*evaluation.frames.left_out, left]})
    open_point = (
        f"What holds of the held-out set or of the road: people chose these frames for the list {chosen.name}, nobody "
        "drew them. No registered claim is held against them."
    )
    return evaluation.model_copy(
        update={
            "frames": account if others else evaluation.frames,
            "does_not_show": [open_point, *evaluation.does_not_show],
            "lineage": evaluation.lineage.model_copy(update={"frame_list": about}),
        }
    )
