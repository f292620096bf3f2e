"""Probes: a run's questions with the picture taken away, exchanged or spoilt, and the answers to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "probe_arm",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("run_id", sa.String(), sa.ForeignKey("model_run.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_probe_arm_run_id", "probe_arm", ["run_id"])
    op.create_table(
        "probe_answer",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("arm_id", sa.String(), sa.ForeignKey("probe_arm.id"), nullable=False),
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("level", sa.String(32), nullable=True),
        sa.Column("reasoning", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("failure", sa.String(32), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column("level_probabilities", sa.JSON(), nullable=True),
        sa.Column("token_probabilities", sa.JSON(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=True),
        sa.Column("answered_at_us", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("arm_id", "frame_id", "place"),
    )
    op.create_index("ix_probe_answer_frame_id", "probe_answer", ["frame_id"])
