"""Drives and their frames, and which of them were drawn."""

from __future__ import annotations

from typing import Any

from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, json_column, text_column, time_column
from data.vocabulary import SetAside, Split

NOT_INGESTED = 0


class Dataset(SQLModel, table=True):
    """One dataroot and version. Images are read below `dataroot`, never written. `ingested_at_us`: when its last
    ingest ended, NOT_INGESTED while one is under way or was cut short."""

    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(unique=True)
    dataroot: str = text_column()
    ingested_at_us: int = time_column()


class Scene(SQLModel, table=True):
    """A nuScenes scene; `id` is its token. `split` is None until frames are sampled."""

    id: str = Field(primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    name: str
    description: str = text_column()
    log_name: str
    location: str
    utc_offset_min: int | None = None
    split: Split | None = enum_column(Split, default=None)


class Frame(SQLModel, table=True):
    """One CAM_FRONT keyframe; `id` is its sample_data token, `position` its place in the scene from 0.

    `boxes` counts the annotated boxes seen by the camera by category; `cues` maps each cue to its evidence.
    `pixels` holds what was measured on the image, `image_fingerprint` how it looks (`data.images.fingerprint`), None
    until a snapshot needs it. `generated_clip_id` is None for a frame that a camera took. A frame with `set_aside`
    is never shown, asked about or exported.
    """

    id: str = Field(primary_key=True)
    scene_id: str = Field(foreign_key="scene.id", index=True)
    position: int
    captured_at_us: int = time_column()
    filename: str = text_column(unique=True)
    width_px: int | None = None
    height_px: int | None = None
    image_sha256: str | None = Field(default=None, max_length=64)
    image_fingerprint: str | None = Field(default=None, max_length=64)
    set_aside: SetAside | None = enum_column(SetAside, default=None)
    set_aside_detail: str | None = text_column(default=None)
    boxes: dict[str, int] = json_column(default_factory=dict)
    cues: dict[str, str] = json_column(default_factory=dict)
    pixels: dict[str, float] | None = json_column(default=None)
    ego_x_m: float = 0.0
    ego_y_m: float = 0.0
    generated_clip_id: str | None = Field(default=None, max_length=16)


class Sampling(SQLModel, table=True):
    """The one drawing of frames of a store, with everything that determines it."""

    id: int | None = Field(default=None, primary_key=True)
    seed: int
    parameters: dict[str, Any] = json_column()
    sampled_at_us: int = time_column()


class SampledFrame(SQLModel, table=True):
    """A frame that is worked on, with the probability with which the design draws it: None where no draw took it
    (generated frames, and frames of a live feed that came back for a reason), so that no estimate weights it."""

    __tablename__ = "sampled_frame"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    sampling_id: int = Field(foreign_key="sampling.id")
    split: Split = enum_column(Split, index=True)
    inclusion_probability: float | None = None
