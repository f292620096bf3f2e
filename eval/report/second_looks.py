"""Use case: frames of a report that are looked at again, those in doubt and as many others, blind to which is which.

Sending back only what a model disputes would mend the labels in its favour. A lead who settles the frames sees the same
reason for each, and what comes of the random half says how often levels are wrong where nothing cast doubt on them.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from sqlmodel import col, select

from data.errors import EvaluationError
from data.review.second_looks import send_back
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, SecondLook
from data.vocabulary import TriageLevel, VerificationState
from eval.report.folders import ReportFolder, evaluation_of
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.scene_share import scene_interval

NOT_SETTLED = Undefined("none of them is settled yet")


@dataclass(frozen=True)
class Wrong:
    """How many of the settled frames got another level, with an interval over scenes."""

    rate: Rate | Undefined
    interval: Interval | Undefined


@dataclass(frozen=True)
class SecondLooks:
    """`flagged` frames of a report in doubt and `controls` without; `waiting` of both are sent back and not settled."""

    flagged: int
    controls: int
    sent: int
    waiting: int
    wrong_flagged: Wrong
    wrong_controls: Wrong


def second_looks(store: Store, folder: ReportFolder) -> SecondLooks:
    """Where the second looks of a report stand. Raises EvaluationError where the report cannot be read."""
    evaluation = evaluation_of(folder)
    flagged = {one.frame_id: one.true.level for one in evaluation.suspicious if one.true.level is not None}
    controls = {one.frame_id: one.level for one in evaluation.controls}
    frame_ids = [*flagged, *controls]
    with store.read() as session:
        sent = set(session.exec(select(SecondLook.frame_id).where(col(SecondLook.frame_id).in_(frame_ids))))
        query = select(FrameStatus, Frame.scene_id).join(Frame, col(Frame.id) == FrameStatus.frame_id)
        rows = session.exec(query.where(col(FrameStatus.frame_id).in_(sent))).all()
        settled = {
            row.frame_id: (scene_id, row.level)
            for row, scene_id in rows
            if row.state is VerificationState.VERIFIED
        }
    return SecondLooks(
        flagged=len(flagged),
        controls=len(controls),
        sent=len(sent),
        waiting=len(sent) - len(settled),
        wrong_flagged=_wrong(flagged, settled),
        wrong_controls=_wrong(controls, settled),
    )


def _wrong(levels: dict[str, TriageLevel], settled: dict[str, tuple[str, TriageLevel | None]]) -> Wrong:
    looked = {frame_id: settled[frame_id] for frame_id in levels if frame_id in settled}
    if not looked:
        return Wrong(NOT_SETTLED, NOT_SETTLED)
    frames, wrong = Counter[str](), Counter[str]()
    for frame_id, (scene_id, level) in looked.items():
        frames[scene_id] += 1
        wrong[scene_id] += level is not levels[frame_id]
    interval = scene_interval([wrong[scene_id] for scene_id in frames], list(frames.values()))
    return Wrong(Rate(wrong.total(), frames.total()), interval)


def send_for_second_looks(store: Store, person_id: int, folder: ReportFolder) -> int:
    """Send back every frame in doubt and every control that is verified now, in random order, all with one reason.

    Returns how many. Raises NotAllowed, and EvaluationError where none is left to send.
    """
    evaluation = evaluation_of(folder)
    wanted = [one.frame_id for one in evaluation.suspicious] + [one.frame_id for one in evaluation.controls]
    with store.read() as session:
        query = select(FrameStatus.frame_id).where(
            col(FrameStatus.frame_id).in_(wanted), FrameStatus.state == VerificationState.VERIFIED
        )
        before = set(session.exec(select(SecondLook.frame_id).where(col(SecondLook.frame_id).in_(wanted))))
        ready = [frame_id for frame_id in session.exec(query) if frame_id not in before]
    if not ready:
        raise EvaluationError(f"No frame of {folder.name} is left to be looked at again.")
    random.Random(evaluation.method.seed).shuffle(ready)
    for frame_id in ready:
        send_back(store, person_id, frame_id, f"Second look after the report {folder.name}.")
    return len(ready)
