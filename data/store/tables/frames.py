"""Drives and their frames, and which of them were drawn."""

from __future__ import annotations

from typing import Any

from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, json_column, text_column, time_column
from data.vocabulary import SetAside, Split

NOT_INGESTED = 0


class Dataset(SQLModel, table=True):
    """One data set under the name that a person gave it. `kind`: of its source (`data.sources.opening`), or what the
    store made itself. Pictures are read below `dataroot`, never written there; `origin` is the file or folder that was
    ingested where its pictures were taken out of other files, and None where it is the dataroot. `version`: the folder
    of nuScenes' tables. `lacks`: what its source has of no frame (`data.sources.port.Lack`). `ingested_at_us`: when its
    last ingest ended, NOT_INGESTED while one is under way or was cut short."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    kind: str = "nuscenes"
    version: str | None = None
    camera: str | None = None
    dataroot: str = text_column()
    origin: str | None = text_column(default=None)
    lacks: list[str] | None = json_column(default=None)
    ingested_at_us: int = time_column()


class Scene(SQLModel, table=True):
    """A scene of a data set; `id` is its token where nuScenes' tables have it, else made of the data set's name and
    the source's own name for it. `split` is None until frames are sampled, `sampling_id` names the draw that set it.
    `licence`: the terms that bind its pictures, `official_side`: where its publisher has it, each None where the source
    does not say."""

    id: str = Field(primary_key=True)
    dataset_id: int = Field(foreign_key="dataset.id", index=True)
    name: str
    description: str = text_column()
    log_name: str
    location: str
    utc_offset_min: int | None = None
    split: Split | None = enum_column(Split, default=None)
    sampling_id: int | None = Field(default=None, foreign_key="sampling.id")
    licence: str | None = None
    official_side: Split | None = enum_column(Split, default=None)


class Frame(SQLModel, table=True):
    """One picture of its data set's camera; `id` is made as its scene's is, `position` its place in the scene from 0.

    `filename` is unique in its data set. `boxes` counts the annotated boxes seen by the camera by category; `cues` maps
    each cue to its evidence; `unknown_cues` names those that could not be looked for, since the source lacks what they
    rest on. `tags`: the source's own words. Scenes without poses have zeros as `ego_x_m` and `ego_y_m`. `pixels`
    holds what was measured on the image, `image_fingerprint` how it looks (`data.images.fingerprint`), None until a
    snapshot needs it. `generated_clip_id` is None for a frame that a camera took. A frame with `set_aside` is never
    shown, asked about or exported.
    """

    id: str = Field(primary_key=True)
    scene_id: str = Field(foreign_key="scene.id", index=True)
    position: int
    captured_at_us: int = time_column()
    filename: str = text_column(index=True)
    width_px: int | None = None
    height_px: int | None = None
    image_sha256: str | None = Field(default=None, max_length=64)
    image_fingerprint: str | None = Field(default=None, max_length=64)
    set_aside: SetAside | None = enum_column(SetAside, default=None)
    set_aside_detail: str | None = text_column(default=None)
    boxes: dict[str, int] = json_column(default_factory=dict)
    cues: dict[str, str] = json_column(default_factory=dict)
    unknown_cues: list[str] | None = json_column(default=None)
    tags: list[str] | None = json_column(default=None)
    pixels: dict[str, float] | None = json_column(default=None)
    ego_x_m: float = 0.0
    ego_y_m: float = 0.0
    generated_clip_id: str | None = Field(default=None, max_length=16)


class Sampling(SQLModel, table=True):
    """One drawing of frames, with everything that determines it. A draw splits the scenes that no earlier one has
    split, so that every frame has one inclusion probability."""

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
