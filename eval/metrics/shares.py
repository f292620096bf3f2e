"""The figures that count frames, each defined by the cells of the confusion matrix it counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.vocabulary import LEVELS


@dataclass(frozen=True)
class Share:
    """A figure that counts frames: `hits` of `among`, both as cells of the confusion matrix.

    Cells are drawn row by row (true A, S, T) over the columns A, S, T, no assessment: `x` is in, `.` is out.
    `absent` says what there is none of when n is 0.
    """

    key: str
    title: str
    definition: str
    hits: str
    among: str
    absent: str


EVERY_FRAME = "xxxx xxxx xxxx"
TRUE_ROW = ("xxxx .... ....", ".... xxxx ....", ".... .... xxxx")
SAID_COLUMN = ("x... x... x...", ".x.. .x.. .x..", "..x. ..x. ..x.")
RIGHT = ("x... .... ....", ".... .x.. ....", ".... .... ..x.")

ACCURACY = Share(
    "accuracy",
    "Accuracy",
    "Frames whose level is right, of all frames.",
    "x... .x.. ..x.",
    EVERY_FRAME,
    "frames",
)
RECALL = {
    level: Share(
        f"recall_{level.value.lower()}",
        f"Recall {level.value}",
        f"Share of true {level.value} frames that the model labelled {level.value}.",
        RIGHT[level.rank],
        TRUE_ROW[level.rank],
        f"true {level.value}",
    )
    for level in LEVELS
}
PRECISION = {
    level: Share(
        f"precision_{level.value.lower()}",
        f"Precision {level.value}",
        f"Share of the frames that the model labelled {level.value} whose true level is {level.value}.",
        RIGHT[level.rank],
        SAID_COLUMN[level.rank],
        f"frame said to be {level.value}",
    )
    for level in LEVELS
}
UNDER_ESCALATION = Share(
    "under_escalation",
    "Under-escalation UE",
    "Share of true TELEOPERATION frames that the model labelled AUTONOMY. Those labelled SUPERVISION are not in it.",
    ".... .... x...",
    TRUE_ROW[2],
    "true TELEOPERATION",
)
MISSED_TELEOPERATION = Share(
    "missed_teleoperation",
    "Missed TELEOPERATION",
    "Share of true TELEOPERATION frames that the model labelled AUTONOMY or SUPERVISION or left without an assessment.",
    ".... .... xx.x",
    TRUE_ROW[2],
    "true TELEOPERATION",
)
UNANSWERED_TELEOPERATION = Share(
    "unanswered_teleoperation",
    "TELEOPERATION without an assessment",
    "Share of true TELEOPERATION frames without an assessment. Part of missed TELEOPERATION.",
    ".... .... ...x",
    TRUE_ROW[2],
    "true TELEOPERATION",
)
FALSE_TELEOPERATION = Share(
    "over_escalation_a_to_t",
    "Over-escalation, A to T",
    "Share of true AUTONOMY frames that the model labelled TELEOPERATION.",
    "..x. .... ....",
    TRUE_ROW[0],
    "true AUTONOMY",
)
OVER_ESCALATION = Share(
    "over_escalation_any",
    "Over-escalation, any",
    "Share of true AUTONOMY and SUPERVISION frames that the model labelled with a higher level.",
    ".xx. ..x. ....",
    "xxxx xxxx ....",
    "true AUTONOMY or SUPERVISION",
)
NO_ANSWER = Share(
    "no_assessment",
    "Without an assessment",
    "Share of all frames whose reply holds no assessment (unparseable, cut off, request failed). Counted as errors.",
    "...x ...x ...x",
    EVERY_FRAME,
    "frames",
)
SHARES: tuple[Share, ...] = (
    ACCURACY,
    *RECALL.values(),
    UNDER_ESCALATION,
    MISSED_TELEOPERATION,
    UNANSWERED_TELEOPERATION,
    FALSE_TELEOPERATION,
    OVER_ESCALATION,
    NO_ANSWER,
    *PRECISION.values(),
)


def cells(drawing: str) -> NDArray[np.bool_]:
    """(3, 4) mask of a drawing of cells.

    >>> int(cells("x... .x.. ..x.").sum())
    3
    """
    return np.array([[mark == "x" for mark in row] for row in drawing.split()], dtype=np.bool_)
