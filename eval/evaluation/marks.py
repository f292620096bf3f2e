"""Marking, in the words that a report prints, what is contradicted by what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from sqlmodel import Session

from eval.evaluation.result import PRINTED, Evaluation, ShownAssessment, ShownFrame
from eval.grounding.figures import Marks
from eval.grounding.from_store import ShownWords, marks_in_shown_words

Shown = TypeVar("Shown", bound=ShownFrame)
_Marked = Mapping[ShownWords, dict[str, Marks]]


def with_marks(session: Session, evaluation: Evaluation) -> Evaluation:
    """The evaluation with marks in the words of the frames that its report prints."""
    galleries = (evaluation.missed, evaluation.suspicious)
    printed: list[ShownFrame] = [one for frames in galleries for one in frames]
    printed += [*evaluation.false_alarms[:PRINTED], *evaluation.confused[:PRINTED]]
    marked = marks_in_shown_words(session, (words for frame in printed for words in _words(frame)))
    return evaluation.model_copy(
        update={
            "missed": _all_marked(evaluation.missed, marked),
            "suspicious": _all_marked(evaluation.suspicious, marked),
            "false_alarms": _all_marked(evaluation.false_alarms, marked),
            "confused": _all_marked(evaluation.confused, marked),
        }
    )


def _words(frame: ShownFrame) -> Iterator[ShownWords]:
    for one in (frame.true, *frame.said.values()):
        if one.level is not None:
            yield ShownWords(frame.frame_id, one.level, one.reasoning, one.action)


def _all_marked(frames: Sequence[Shown], marked: _Marked) -> list[Shown]:
    return [
        frame.model_copy(
            update={
                "true": _marked(frame.frame_id, frame.true, marked),
                "said": {name: _marked(frame.frame_id, said, marked) for name, said in frame.said.items()},
            }
        )
        for frame in frames
    ]


def _marked(frame_id: str, said: ShownAssessment, marked: _Marked) -> ShownAssessment:
    if said.level is None:
        return said
    key = ShownWords(frame_id, said.level, said.reasoning, said.action)
    return said.model_copy(update={"marks": marked[key]}) if key in marked else said
