"""Where a model looks: what its level is worth without each box of a frame. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.vocabulary import TriageLevel
from eval.probes.paired import counted
from eval.probes.result import OccludedBox, OccludedFrame, OcclusionResult


@dataclass(frozen=True)
class BoxAnswer:
    """An answer without one box, or (`box` None) to the whole picture. `p`: of the three levels, where it is known."""

    level: TriageLevel | None
    p: Sequence[float] | None
    category: str = ""
    distance_m: float = 0.0
    box: tuple[float, float, float, float] | None = None


def occlusion_result(
    answers: Mapping[str, Sequence[BoxAnswer]],
    scenes: Mapping[str, str],
    images: Mapping[str, str | None],
    *,
    confidence: float,
) -> OcclusionResult | None:
    """By frame, the answer to the whole picture first. None where no frame has a level and a box."""
    found = [
        _frame(frame_id, scenes[frame_id], images.get(frame_id), said[0], said[0].level, said[1:])
        for frame_id, said in answers.items()
        if len(said) > 1 and said[0].box is None and said[0].level is not None
    ]
    if not found:
        return None
    found.sort(key=lambda one: (-max(abs(box.drop) for box in one.boxes), one.frame_id))
    changed = ((one.scene_id, any(box.level is not one.level for box in one.boxes)) for one in found)
    return OcclusionResult(
        frames=found,
        changed=counted(changed, confidence=confidence),
        has_probabilities=all(one.probability is not None for one in found),
    )


def _frame(
    frame_id: str,
    scene_id: str,
    image: str | None,
    whole: BoxAnswer,
    level: TriageLevel,
    boxes: Sequence[BoxAnswer],
) -> OccludedFrame:
    return OccludedFrame(
        frame_id=frame_id,
        scene_id=scene_id,
        image=image,
        level=level,
        probability=None if whole.p is None else whole.p[level.rank],
        boxes=[_box(whole, level, one, one.box) for one in boxes if one.box is not None],
    )


def _box(
    whole: BoxAnswer, level: TriageLevel, said: BoxAnswer, box: tuple[float, float, float, float]
) -> OccludedBox:
    left, top, right, bottom = box
    return OccludedBox(
        category=said.category,
        distance_m=said.distance_m,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        drop=_drop(whole, level, said),
        level=said.level,
    )


def _drop(whole: BoxAnswer, level: TriageLevel, said: BoxAnswer) -> float:
    if whole.p is None or said.p is None:
        return float(said.level is not level)
    return whole.p[level.rank] - said.p[level.rank]
