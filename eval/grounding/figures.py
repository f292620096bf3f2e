"""Rates of contradicted, omitted and ill-fitting words, each with its n and an interval over scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from data.vocabulary import LEVELS, TriageLevel
from eval.statistics.intervals import clopper_pearson, wilson
from eval.statistics.rate import Rate, Undefined
from eval.statistics.scene_share import clustering, scene_interval
from eval.statistics.values import Figure, Part


class GroundingRates(Part):
    """Shares of texts, and of assertions.

    `contradicted`: assertions that what is there denies, of those that it decides. `hallucinating`: texts with such an
    assertion, of those with a decided one. `omitting`: texts that leave out something plain in the driven path, of
    those on frames with boxes. `reason_against_level`, `action_against_level`: texts whose reasoning or action argues
    for another level. `generic`: texts that name nothing that could be seen.
    """

    contradicted: Figure
    hallucinating: Figure
    omitting: Figure
    reason_against_level: Figure
    action_against_level: Figure
    generic: Figure


class GroundedTexts(Part):
    """The words of one run, or people's own, on the compared frames. `texts`: how many were judged; `assertions`: how
    many they hold, `checkable` of those are decided by what is there. `by_level`: by the frame's verified level."""

    name: str
    texts: int
    assertions: int
    checkable: int
    rates: GroundingRates
    by_level: dict[TriageLevel, GroundingRates]


Marks = list[tuple[int, int, str]]
"""What in a text is contradicted: places of the text, first and after the last, and the evidence."""


class MarkedText(Part):
    """A text with what in it is contradicted."""

    frame_id: str
    name: str
    part: str
    text: str
    marks: Marks


class Cutter(Part):
    """Who cut words into assertions. `by`: the model and its question, or None for the rules of this version; `texts`:
    how many, by whose words they are; `unusable`: texts among them of which the model's reply was of no use and that
    the rules cut; `dropped`: the model's assertions that were not kept, by reason."""

    by: str | None
    texts: dict[str, int]
    unusable: int = 0
    dropped: dict[str, int] = Field(default_factory=dict)


class GroundingFigures(Part):
    """What it says against what is there. `frames` of the compared ones were looked up, `with_boxes` of them have
    boxes; `reasons`: why others were not, by data set. `people`: words that people wrote themselves, None where there
    are none; `examples`: contradicted texts, `left_out` more there are. `rules`: the hash of the rules that judge, and
    that cut what no model cut; `cutters`: who cut the texts, the rules first."""

    frames: int
    with_boxes: int
    reasons: dict[str, str] = Field(default_factory=dict)
    runs: list[GroundedTexts]
    people: GroundedTexts | None
    examples: list[MarkedText]
    left_out: int
    rules: str = ""
    cutters: list[Cutter] = Field(default_factory=list)


@dataclass(frozen=True)
class JudgedText:
    """What one text came to, on a frame of this scene and verified level."""

    scene_id: str
    level: TriageLevel
    supported: int
    contradicted: int
    not_checkable: int
    omitted: int
    has_boxes: bool
    reason_against_level: bool
    action_against_level: bool
    names_nothing: bool


def grounded_texts(name: str, texts: Sequence[JudgedText], confidence: float) -> GroundedTexts:
    """The rates of some texts."""
    checkable = sum(one.supported + one.contradicted for one in texts)
    return GroundedTexts(
        name=name,
        texts=len(texts),
        assertions=checkable + sum(one.not_checkable for one in texts),
        checkable=checkable,
        rates=_rates(texts, confidence),
        by_level={
            level: _rates([one for one in texts if one.level is level], confidence) for level in LEVELS
        },
    )


def _rates(texts: Sequence[JudgedText], confidence: float) -> GroundingRates:
    def figure(events: Callable[[JudgedText], int], of: Callable[[JudgedText], int], nothing: str) -> Figure:
        return _figure(texts, events, of, nothing, confidence)

    def each(one: JudgedText) -> int:
        return 1

    def decided(one: JudgedText) -> int:
        return one.supported + one.contradicted

    nothing, not_one = "nothing in the words is decided by what is there", "no such texts"
    return GroundingRates(
        contradicted=figure(lambda one: one.contradicted, decided, nothing),
        hallucinating=figure(lambda one: one.contradicted > 0, lambda one: decided(one) > 0, nothing),
        omitting=figure(
            lambda one: one.has_boxes and one.omitted > 0, lambda one: one.has_boxes, "no frame with boxes"
        ),
        reason_against_level=figure(lambda one: one.reason_against_level, each, not_one),
        action_against_level=figure(lambda one: one.action_against_level, each, not_one),
        generic=figure(lambda one: one.names_nothing, each, not_one),
    )


def _figure(
    texts: Sequence[JudgedText],
    events: Callable[[JudgedText], int],
    of: Callable[[JudgedText], int],
    nothing: str,
    confidence: float,
) -> Figure:
    """A share over scenes; its denominator may hold several assertions of a text."""
    scenes = {scene: place for place, scene in enumerate(sorted({one.scene_id for one in texts}))}
    hits, total = np.zeros(len(scenes)), np.zeros(len(scenes))
    for one in texts:
        hits[scenes[one.scene_id]] += events(one)
        total[scenes[one.scene_id]] += of(one)
    n, count = int(total.sum()), int(hits.sum())
    if not n:
        return Figure.absent(Undefined(nothing))
    rate = Rate(count, n)
    return Figure(
        value=count / n,
        count=count,
        n=n,
        interval=scene_interval(hits, total, confidence=confidence),
        clustering=clustering(hits, total),
        wilson=wilson(rate, confidence=confidence),
        clopper_pearson=clopper_pearson(rate, confidence=confidence),
    )
