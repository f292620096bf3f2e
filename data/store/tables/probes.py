"""Probes: a run's questions with the picture taken away, exchanged or spoilt. Apart from runs and proposals, so that
nothing takes an answer to a spoilt picture for what a model says of a frame."""

from __future__ import annotations

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from data.store.tables.columns import enum_column, json_column, text_column, time_column
from data.vocabulary import Failure, TriageLevel


class ProbeArm(SQLModel, table=True):
    """One way in which a run's question was changed; `id` is the hash of everything that determines its answers, the
    run among it. `name`: as `data.probes.arms` has it; `parameters`: of the sampling, and the seed."""

    __tablename__ = "probe_arm"

    id: str = Field(primary_key=True, max_length=16)
    run_id: str = Field(foreign_key="model_run.id", index=True)
    name: str
    parameters: dict[str, Any] = json_column()
    created_at_us: int = time_column()


class ProbeAnswer(SQLModel, table=True):
    """What the model answered about a frame in an arm: the raw text, and the assessment or the reason why none.

    `place`: 0, or in the occlusion the number of the box that was greyed out. `shown`: the box, or the frame whose
    picture was shown instead. Probabilities in the order AUTONOMY, SUPERVISION, TELEOPERATION.
    """

    __tablename__ = "probe_answer"
    __table_args__ = (UniqueConstraint("arm_id", "frame_id", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    arm_id: str = Field(foreign_key="probe_arm.id")
    frame_id: str = Field(foreign_key="frame.id", index=True)
    place: int = 0
    shown: dict[str, Any] | None = json_column(default=None)
    raw: str = text_column()
    level: TriageLevel | None = enum_column(TriageLevel, default=None)
    reasoning: str | None = text_column(default=None)
    action: str | None = text_column(default=None)
    failure: Failure | None = enum_column(Failure, default=None)
    failure_detail: str | None = text_column(default=None)
    level_probabilities: list[float] | None = json_column(default=None)
    token_probabilities: list[float] | None = json_column(default=None)
    attempts: int | None = None
    answered_at_us: int = time_column()
