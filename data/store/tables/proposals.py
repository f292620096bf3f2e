"""Models that were asked, and what they answered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, json_column, text_column, time_column
from data.vocabulary import Failure, ModelRole, TriageLevel


class ModelRun(SQLModel, table=True):
    """One model asked about frames; `id` is the hash of everything that determines its answers. `lineage`: snapshot,
    recipe and commit of the training that made its weights, where it was trained here."""

    __tablename__ = "model_run"

    id: str = Field(primary_key=True, max_length=16)
    name: str = Field(unique=True)
    role: ModelRole = enum_column(ModelRole, index=True)
    model: str
    revision: str | None = None
    source: str
    question_hash: str
    parameters: dict[str, Any] = json_column()
    lineage: dict[str, Any] | None = json_column(default=None)
    created_at_us: int = time_column()


class Proposal(SQLModel, table=True):
    """One model's answer for one frame in one run: the raw text, and the assessment or the reason why none.

    `request_hash` names what was asked: images, question, model, revision, sampling; `attempts` how often;
    `prompt_tokens`: what the server counted of it. `earlier_frame_ids`: the frames that the question showed before
    this one, oldest first; None where the run shows single pictures. With several samples the most voted one is the
    answer: `votes` counts them by level, `other_samples` keeps their raw texts. `token_probabilities` come from the
    level token's logprobs; `level_probabilities` are what the review order uses, those or else the votes' shares. All
    in the order AUTONOMY, SUPERVISION, TELEOPERATION. `level` is what the model wrote; `decided_level` what its
    decision, named by its hash, makes of the probabilities: None where the weights came with none.
    """

    __table_args__ = (UniqueConstraint("run_id", "frame_id"),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="model_run.id", index=True)
    frame_id: str = Field(foreign_key="frame.id", index=True)
    raw: str = text_column()
    chain_of_thought: str | None = text_column(default=None)
    level: TriageLevel | None = enum_column(TriageLevel, default=None)
    reasoning: str | None = text_column(default=None)
    action: str | None = text_column(default=None)
    failure: Failure | None = enum_column(Failure, default=None)
    failure_detail: str | None = text_column(default=None)
    level_probabilities: list[float] | None = json_column(default=None)
    token_probabilities: list[float] | None = json_column(default=None)
    votes: list[int] | None = json_column(default=None)
    other_samples: list[str] | None = json_column(default=None)
    request_hash: str | None = Field(default=None, max_length=64)
    prompt_tokens: int | None = None
    attempts: int | None = None
    earlier_frame_ids: list[str] | None = json_column(default=None)
    decided_level: TriageLevel | None = enum_column(TriageLevel, default=None)
    decision: str | None = Field(default=None, max_length=16)
    answered_at_us: int = time_column()
