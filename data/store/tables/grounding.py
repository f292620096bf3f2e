"""What is there in frames that were asked about, and what the words about them came to when they were held against it.
Both are made anew by `ground`."""

from __future__ import annotations

from typing import Any

from sqlmodel import Field, SQLModel

from data.store.tables.columns import json_column


class FrameThings(SQLModel, table=True):
    """What the data set has of a frame beside its picture. `things`: annotated boxes in view as `Thing.as_list`, None
    where the data set has none of the scene; `junction_m`: metres to the next junction on the driven path, -1 where it
    comes to none, None without a map."""

    __tablename__ = "frame_things"

    frame_id: str = Field(foreign_key="frame.id", primary_key=True)
    things: list[list[Any]] | None = json_column(default=None)
    speed_mps: float | None = None
    junction_m: float | None = None


class GroundedWords(SQLModel, table=True):
    """What the words of a proposal, a review or an adjudication came to: counts of assertions and of things left out,
    and whether they speak against their level or name nothing. `contradicted_in_answer`: without the chain of
    thought; `rules`: the hash of the rules that judged; `cut_by`: as in `CutAssertions`, None where the rules cut the
    words too."""

    __tablename__ = "grounded_words"

    id: int | None = Field(default=None, primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id", unique=True)
    review_id: int | None = Field(default=None, foreign_key="review.id", unique=True)
    adjudication_id: int | None = Field(default=None, foreign_key="adjudication.id", unique=True)
    supported: int
    contradicted: int
    contradicted_in_answer: int
    not_checkable: int
    omitted: int
    has_boxes: bool
    reason_against_level: bool
    action_against_level: bool
    names_nothing: bool
    rules: str = Field(max_length=16)
    cut_by: str | None = None


class CutAssertions(SQLModel, table=True):
    """What a model at an endpoint cut the words of a proposal, a review or an adjudication into. `parts`: assertions by
    part as `data.grounding.cutting.kept.as_rows`; `dropped`: how many were not kept, by reason; `failure`: why the
    reply could not be used, the rules then cut; `cut_by`: the model and the hash of the question."""

    __tablename__ = "cut_assertions"

    id: int | None = Field(default=None, primary_key=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    proposal_id: int | None = Field(default=None, foreign_key="proposal.id", unique=True)
    review_id: int | None = Field(default=None, foreign_key="review.id", unique=True)
    adjudication_id: int | None = Field(default=None, foreign_key="adjudication.id", unique=True)
    cut_by: str
    parts: dict[str, list[list[Any]]] = json_column(default_factory=dict)
    dropped: dict[str, int] = json_column(default_factory=dict)
    failure: str | None = None
