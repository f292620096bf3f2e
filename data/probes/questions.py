"""The questions of an arm, frame by frame, and the pictures that each shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlmodel import Session

from data.images.model_picture import ModelPicture
from data.probes.arms import Arm, ArmKind
from data.probes.frames import ProbedFrame, frozen, other_scenes
from data.probes.spoiling import Box, spoils, without_box
from data.vlm.moment import AskedFrame
from data.vlm.request import SamplingParameters
from data.vlm.shown import ShownFrame, shown_frame, shown_otherwise
from data.vocabulary import LEVELS

_AS_THEY_ARE = (
    ArmKind.AGAIN,
    ArmKind.LEVELS_REVERSED,
    ArmKind.OTHER_SCENE,
    ArmKind.FROZEN,
    ArmKind.OCCLUDED,
)


@dataclass(frozen=True)
class Question:
    """One request of an arm. `frame_id` names the frame that is asked about, `asked` the pictures that are shown;
    `place` and `shown` as a ProbeAnswer keeps them; `box`: greyed out in the frame's own picture."""

    arm: Arm
    frame_id: str
    asked: AskedFrame
    place: int = 0
    shown: dict[str, Any] | None = None
    box: Box | None = None

    def show(self, sampling: SamplingParameters, seed: int) -> ShownFrame:
        """The pictures. Raises ImageRefused as `data.vlm.shown.shown_frame`."""
        shown = shown_frame(self.asked, sampling)
        if self.box is not None:
            return shown_otherwise(shown, partial(_greyed, box=self.box, last=len(shown.pictures) - 1))
        if self.arm.kind in _AS_THEY_ARE:
            return shown
        return shown_otherwise(shown, spoils(self.arm, self.frame_id, seed))


def _greyed(picture: ModelPicture, place: int, *, box: Box, last: int) -> ModelPicture:
    return without_box(picture, box) if place == last else picture


def arm_sampling(arm: Arm, sampling: SamplingParameters) -> SamplingParameters:
    """How the arm's questions are asked. Asked again, a model that samples draws anew: with its first seed it would
    seem steadier than it is."""
    if arm.kind is ArmKind.LEVELS_REVERSED:
        return replace(sampling, levels=LEVELS[::-1])
    return replace(sampling, seed=sampling.seed + 1) if arm.kind is ArmKind.AGAIN else sampling


def questions_of(
    session: Session, arm: Arm, frames: Sequence[ProbedFrame], among: Sequence[ProbedFrame], *, seed: int
) -> list[Question]:
    """The arm's questions about the frames. among: the frames from which pictures of other scenes are drawn."""
    if arm.kind is ArmKind.OTHER_SCENE:
        others = other_scenes(among, seed=seed)
        return [
            Question(arm, one.frame_id, other.asked, shown={"frame_id": other.frame_id})
            for one in frames
            if (other := others.get(one.frame_id))
        ]
    if arm.kind is ArmKind.FROZEN and arm.strength is not None:
        stale = frozen(session, frames, arm.strength)
        return [
            Question(arm, frame_id, asked, shown={"frame_id": stale_id})
            for frame_id, (stale_id, asked) in stale.items()
        ]
    return [Question(arm, one.frame_id, one.asked) for one in frames]
