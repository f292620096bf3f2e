"""Examples beside the guideline: for each level, frames that a lead settled, with the words and the lead's reason.

Never a frame on which anybody is or can be tested: no gold, no held-out frame, none of a person's own tour.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from data.review.tour import tour_frames
from data.store.opening import Store
from data.store.tables import Adjudication, Frame, FrameStatus, GoldFrame, Scene
from data.verification.standing import not_withdrawn
from data.vocabulary import LEVELS, Split, TriageLevel, VerificationState

EXAMPLES = 3
_LOOKED_AT = 200


@dataclass(frozen=True)
class Example:
    """A settled frame. `why`: the lead's reason."""

    frame: Frame
    scene: Scene
    level: TriageLevel
    why: str


def guideline_examples(store: Store, person_id: int, *, n: int = EXAMPLES) -> list[Example]:
    """At most n examples of each level, in the order of levels, the newest first and each from another scene."""
    on_tour = {one.frame.id for one in tour_frames(store, person_id)}
    with store.read() as session:
        settled = [one for one in _settled(session) if one.frame.id not in on_tour]
    return [one for level in LEVELS for one in _of_level(settled, level, n)]


def _settled(session: Session) -> list[Example]:
    query = (
        select(Adjudication, Frame, Scene)
        .join(Frame, col(Frame.id) == Adjudication.frame_id)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(
            FrameStatus.state == VerificationState.VERIFIED,
            FrameStatus.split == Split.TRAIN,
            col(FrameStatus.level) == Adjudication.level,
            col(Frame.set_aside).is_(None),
            col(Frame.id).not_in(select(GoldFrame.frame_id)),
            not_withdrawn(),
        )
        .order_by(col(Adjudication.id).desc())
        .limit(_LOOKED_AT)
    )
    return [Example(frame, scene, act.level, act.reason) for act, frame, scene in session.exec(query)]


def _of_level(settled: list[Example], level: TriageLevel, n: int) -> list[Example]:
    chosen: dict[str, Example] = {}
    for one in settled:
        if one.level is level and len(chosen) < n:
            chosen.setdefault(one.scene.id, one)
    return list(chosen.values())
