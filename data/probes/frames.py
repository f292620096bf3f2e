"""Which frames a probe asks about, and which pictures it exchanges for theirs: drawn by a seed, whatever is resumed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from data.hashing import seeded_chance
from data.pictures.shown import shown_pictures
from data.proposals.earlier_frames import earlier_frames
from data.proposals.questions import asked_frame
from data.store.tables import Frame, ModelRun, Proposal, SampledFrame
from data.vlm.moment import AskedFrame, Earlier, Lookback
from data.vocabulary import LEVELS, Split, TriageLevel

FROZEN_FOR = (2, 6, 12)
"""Keyframes, half a second each, for which a frozen camera shows the same picture, by strength."""
One = TypeVar("One")


@dataclass(frozen=True)
class ProbedFrame:
    """A held-out frame that the run answered, as it is asked about; `level`: what the run wrote."""

    asked: AskedFrame
    scene_id: str
    level: TriageLevel | None

    @property
    def frame_id(self) -> str:
        return self.asked.frame_id


def probed_frames(session: Session, run: ModelRun, *, seed: int) -> list[ProbedFrame]:
    """The held-out frames of a camera that the run answered, in the order in which a limited probe takes them: scenes
    in turn, so that a few frames are of many scenes."""
    query = (
        select(Frame, Proposal)
        .join(Proposal, col(Proposal.frame_id) == Frame.id)
        .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
        .where(Proposal.run_id == run.id, SampledFrame.split == Split.HELD_OUT)
        .where(col(Frame.generated_clip_id).is_(None))
    )
    rows = session.exec(query).all()
    pictures = shown_pictures(session)
    earlier = earlier_frames(session, [frame for frame, _ in rows], Lookback.of(run.parameters))
    found = [
        ProbedFrame(asked_frame(frame, earlier[frame.id], pictures), frame.scene_id, said.level)
        for frame, said in rows
    ]
    found.sort(key=lambda one: (seeded_chance("probe", seed, one.frame_id), one.frame_id))
    by_scene: dict[str, list[ProbedFrame]] = defaultdict(list)
    for one in found:
        by_scene[one.scene_id].append(one)
    return in_turn(by_scene.values())


def levels_in_turn(frames: Sequence[ProbedFrame]) -> list[ProbedFrame]:
    """TELEOPERATION, SUPERVISION and AUTONOMY in turn, as the run called them; frames without a level are left out."""
    return in_turn([[one for one in frames if one.level is level] for level in reversed(LEVELS)])


def in_turn(groups: Iterable[Sequence[One]]) -> list[One]:
    """The first of each group, then the second of each, and so on.

    >>> in_turn([[1, 2, 3], [4], [5, 6]])
    [1, 4, 5, 2, 6, 3]
    """
    return [one for one in chain.from_iterable(zip_longest(*groups)) if one is not None]


def other_scenes(frames: Sequence[ProbedFrame], *, seed: int) -> dict[str, ProbedFrame]:
    """For each frame one of another scene, to which the run gave another level where there is such a frame."""
    found = {}
    for frame in frames:
        elsewhere = [one for one in frames if one.scene_id != frame.scene_id]
        preferred = [one for one in elsewhere if one.level is not frame.level] or elsewhere
        if preferred:
            drawn = seeded_chance("probe", seed, frame.frame_id, "other-scene")
            found[frame.frame_id] = preferred[int(drawn * len(preferred))]
    return found


def frozen(
    session: Session, frames: Sequence[ProbedFrame], strength: int
) -> dict[str, tuple[str, AskedFrame]]:
    """For each frame the question of a camera that stopped some keyframes before, and the frame whose picture it still
    shows. The first frame of a scene has none."""
    pictures, wanted = shown_pictures(session), {one.scene_id for one in frames}
    query = select(Frame.id, Frame.scene_id, Frame.filename, Frame.image_sha256).where(
        col(Frame.set_aside).is_(None)
    )
    by_scene: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    rows: Iterable[Any] = session.exec(query.order_by(col(Frame.captured_at_us)))
    for row in rows:
        if row.scene_id in wanted:
            by_scene[row.scene_id].append((row.id, pictures.of(row).path))
    found = {}
    for frame in frames:
        ids = [frame_id for frame_id, _ in by_scene[frame.scene_id]]
        at = ids.index(frame.frame_id) if frame.frame_id in ids else 0
        if at:
            stale_id, stale = by_scene[frame.scene_id][max(0, at - FROZEN_FOR[strength - 1])]
            earlier = tuple(Earlier(stale, one.before_s) for one in frame.asked.earlier)
            found[frame.frame_id] = (stale_id, AskedFrame(frame.frame_id, stale, earlier))
    return found
