"""Which frames are generated, and of what: the questions that everything outside this folder asks about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from data.store.tables import ClipJudgement, Frame, GeneratedClip, GeneratedFrame, Scene

DATA_SET = "generated"
"""The data set under which the store keeps generated frames."""


@dataclass(frozen=True)
class Origin:
    """What a generated frame was made of and by what."""

    clip: GeneratedClip
    source: Frame
    source_scene: Scene
    place: int

    def as_dict(self) -> dict[str, Any]:
        """The links of the chain, as they are shown."""
        clip = self.clip
        return {
            "clip": clip.name,
            "clip_id": clip.id,
            "scenario": clip.scenario,
            "model": clip.model,
            "seed": clip.seed,
            "spec_hash": clip.spec_hash,
            "source_clip_sha256": clip.source_sha256,
            "output_sha256": clip.output_sha256,
            "frame_of_clip": self.place + 1,
            "frames_of_clip": clip.frames,
            "source_frame": self.source.id,
            "source_filename": self.source.filename,
            "source_scene": self.source_scene.name,
        }


def source_frames(session: Session) -> dict[str, str]:
    """The source frame's id by generated frame."""
    return dict(session.exec(select(GeneratedFrame.frame_id, GeneratedFrame.source_frame_id)).all())


def source_scenes(session: Session) -> dict[str, str]:
    """The source scene's id by generated scene: frames of both resemble each other and stand on one side."""
    return dict(session.exec(select(GeneratedClip.scene_id, GeneratedClip.source_scene_id)).all())


def scenarios_of(session: Session) -> dict[str, str]:
    """What was asked for, by generated frame."""
    query = select(GeneratedFrame.frame_id, GeneratedClip.scenario)
    return dict(
        session.exec(query.join(GeneratedClip, col(GeneratedClip.id) == GeneratedFrame.clip_id)).all()
    )


def origin_of(session: Session, frame_id: str) -> Origin | None:
    """Where a generated frame comes from; None for a real one."""
    row = session.exec(
        select(GeneratedFrame, GeneratedClip, Frame, Scene)
        .join(GeneratedClip, col(GeneratedClip.id) == GeneratedFrame.clip_id)
        .join(Frame, col(Frame.id) == GeneratedFrame.source_frame_id)
        .join(Scene, col(Scene.id) == GeneratedClip.source_scene_id)
        .where(GeneratedFrame.frame_id == frame_id)
    ).first()
    if row is None:
        return None
    made, clip, source, scene = row
    return Origin(clip, source, scene, made.place)


def rejected_clips(session: Session) -> dict[str, ClipJudgement]:
    """The latest judgement of every clip that stands rejected, by clip."""
    latest = {row.clip_id: row for row in session.exec(select(ClipJudgement).order_by(col(ClipJudgement.id)))}
    return {clip_id: row for clip_id, row in latest.items() if row.is_rejected}
