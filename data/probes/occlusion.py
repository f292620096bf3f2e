"""Which frames are shown with their boxes greyed out, one by one, and where those boxes are in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from data.errors import MomentUnknown
from data.moments.around import boxes_of_frame
from data.moments.before import place_of
from data.moments.files import MomentFiles
from data.nuscenes.box_geometry import DrawnBox
from data.probes.arms import OCCLUSION
from data.probes.frames import ProbedFrame, levels_in_turn
from data.probes.questions import Question
from data.probes.spoiling import Box

MOST_FRAMES = 50
MOST_BOXES = 24
"""Of one frame, the nearest."""
_SMALLEST = 0.0004
"""Share of the picture: about 19 x 19 of 1152 x 640 pixels. A smaller box is less than a token of a Qwen-VL model."""


@dataclass(frozen=True)
class Occlusion:
    """The questions, a frame's own picture first; `note`: why there are none, None where there are."""

    questions: list[Question]
    note: str | None


def occlusion_of(
    session: Session, files: MomentFiles, frames: Sequence[ProbedFrame], *, most: int
) -> Occlusion:
    """Questions about at most so many frames that have boxes, the highest levels of the run first in turn."""
    found: list[Question] = []
    chosen, note = 0, "no probed frame has a box in view" if most else None
    for frame in levels_in_turn(frames) if most else ():
        try:
            boxes = _boxes(session, files, frame.frame_id)
        except MomentUnknown as error:
            note = str(error)
            continue
        if boxes:
            found += _questions(frame, boxes)
            chosen += 1
        if chosen == most:
            break
    return Occlusion(found, None if found else note)


def _boxes(session: Session, files: MomentFiles, frame_id: str) -> list[tuple[DrawnBox, Box]]:
    place = place_of(session, frame_id)
    if place is None:
        return []
    placed = [(one, _in_picture(one)) for one in boxes_of_frame(files, place)]
    seen = [(one, box) for one, box in placed if (box[2] - box[0]) * (box[3] - box[1]) >= _SMALLEST]
    return seen[:MOST_BOXES]


def _in_picture(drawn: DrawnBox) -> Box:
    """The smallest upright rectangle around the corners that are in the picture."""
    across, down = [[min(max(one[axis], 0.0), 1.0) for one in drawn.corners] for axis in (0, 1)]
    return min(across), min(down), max(across), max(down)


def _questions(frame: ProbedFrame, boxes: Sequence[tuple[DrawnBox, Box]]) -> list[Question]:
    whole = Question(OCCLUSION, frame.frame_id, frame.asked)
    return [whole] + [
        Question(
            OCCLUSION,
            frame.frame_id,
            frame.asked,
            place,
            {"category": drawn.category, "distance_m": drawn.distance_m, "box": list(box)},
            box,
        )
        for place, (drawn, box) in enumerate(boxes, start=1)
    ]
