"""What the probes of a run found, as data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from data.vocabulary import TriageLevel
from eval.statistics.rate import Interval, Undefined
from eval.statistics.values import Part


class Counted(Part):
    """`count` of `n` answers of `scenes` scenes; `value` is their share, `interval` Korn and Graubard's over scenes."""

    count: int
    n: int
    scenes: int
    value: float | Undefined
    interval: Interval | Undefined


class Difference(Part):
    """A mean difference per frame, paired by frame, from -1 to 1. `interval`: the sign-flip test's over scenes; where
    fewer than ten scenes hold a difference, that of two shares at as many frames as scenes."""

    n: int
    scenes: int
    value: float | Undefined
    interval: Interval | Undefined


class ArmResult(Part):
    """One arm. `asked`: frames with an answer, verified or not; `without_assessment`: of those, and why the first one
    has none. The figures in the middle are on verified frames: `accuracy_lost` is that with the frame's own picture
    minus the arm's on the same frames, `missed_more` the arm's missed TELEOPERATION minus that with its own picture.
    `same_level` and `same_words`: answers with the level and the words that the run gave to the frame's own picture.
    """

    arm: str
    strength: int | None
    asked: int
    without_assessment: int
    why_without: str | None
    accuracy: Counted
    accuracy_lost: Difference
    missed: Counted
    missed_more: Difference
    same_level: Counted
    same_words: Counted


class DutyResult(Part):
    """A duty that needs no labels. `rate`: violations among the answers that could be one; `by_itself`: how often the
    same happens where the same question is asked again, and `excess` what the rate is above that. `is_broken`: whether
    the violations are shown to be more than that, or than `tolerated`; None where too few scenes say anything.
    `frames`: those that violate it, `left_out` more of them are not listed.
    """

    key: str
    title: str
    text: str
    rate: Counted
    by_itself: Counted | None
    excess: Difference | None
    tolerated: float
    is_broken: bool | None
    says: str
    frames: list[str]
    left_out: int


class OccludedBox(Part):
    """A box by its rectangle in shares of the picture. `drop`: by how much the level that the model gives to the whole
    picture is less likely without the box; 1 or 0 where the server gives no probabilities: whether the level changes.
    `level`: what it says then, None without an assessment."""

    category: str
    distance_m: float
    left: float
    top: float
    right: float
    bottom: float
    drop: float
    level: TriageLevel | None


class OccludedFrame(Part):
    """`probability` of `level` with the whole picture; None where the server gives none."""

    frame_id: str
    scene_id: str
    image: str | None
    level: TriageLevel
    probability: float | None
    boxes: list[OccludedBox]


class OcclusionResult(Part):
    """`changed`: frames whose level changes where a single box is greyed out."""

    frames: list[OccludedFrame]
    changed: Counted
    has_probabilities: bool


class ProbeResult(Part):
    """A run's probes: of the newest settings (`model` at the endpoint, `seed`), `other_settings` more are in the store.

    `verdict`: whether the model is shown to look: right less often without its picture, by more than the interval.
    `alarms`: what stands in red at the top of the report; `notes`: what else a reader must know.
    """

    run: str
    model: str
    seed: int
    other_settings: int
    frames: int
    scenes: int
    verdict: Literal["looks", "not_shown", "unknown"]
    says: str
    alarms: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    own: ArmResult
    arms: list[ArmResult]
    duties: list[DutyResult]
    occlusion: OcclusionResult | None
