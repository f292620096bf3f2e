"""Clips that a generator made of real scenes, and what people and models said of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from data.store.tables.columns import json_column, text_column, time_column


class GeneratedClip(SQLModel, table=True):
    """A clip that a generator made of a stretch of a real scene. Appended only; `id` hashes spec and output.

    `scene_id` is a scene of the clip's own, on the same side of the split as `source_scene_id`; `spec` is what the
    generator was given, `seed` and `model` with what. Its frames never inherit a level.
    """

    __tablename__ = "generated_clip"

    id: str = Field(primary_key=True, max_length=16)
    name: str = Field(unique=True, max_length=120)
    scene_id: str = Field(foreign_key="scene.id", unique=True)
    source_scene_id: str = Field(foreign_key="scene.id", index=True)
    scenario: str = Field(max_length=41)
    model: str = Field(max_length=200)
    seed: int = Field(sa_type=BigInteger)
    spec: dict[str, Any] = json_column()
    spec_hash: str = Field(max_length=64)
    source_sha256: str = Field(max_length=64)
    output_sha256: str = Field(max_length=64)
    frames: int
    taken_in_at_us: int = time_column()


class GeneratedFrame(SQLModel, table=True):
    """A frame of a generated clip: the real frame it was made of, and its place in the clip from 0. Appended only."""

    __tablename__ = "generated_frame"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    clip_id: str = Field(foreign_key="generated_clip.id", index=True, max_length=16)
    source_frame_id: str = Field(foreign_key="frame.id", index=True)
    place: int


class ClipJudgement(SQLModel, table=True):
    """A person said that a generated clip cannot be real, or took that back. Appended only; the latest counts."""

    __tablename__ = "clip_judgement"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, max_length=64)
    clip_id: str = Field(foreign_key="generated_clip.id", index=True, max_length=16)
    person_id: int = Field(foreign_key="person.id", index=True)
    is_rejected: bool
    reason: str = text_column()
    judged_at_us: int = time_column()


class ClipCritique(SQLModel, table=True):
    """What a model said when asked whether a generated clip could be real; None where it gave no answer. Advice
    to people: it rejects nothing. Appended only."""

    __tablename__ = "clip_critique"
    __table_args__ = (UniqueConstraint("clip_id", "model", "question_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    clip_id: str = Field(foreign_key="generated_clip.id", index=True, max_length=16)
    model: str = Field(max_length=200)
    question_hash: str = Field(max_length=64)
    raw: str = text_column()
    is_plausible: bool | None = None
    asked_at_us: int = time_column()
