"""What is there in frames, and what words about them came to; both are made anew by `ground` and are sealed nowhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "frame_things",
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), primary_key=True),
        sa.Column("things", sa.JSON(), nullable=True),
        sa.Column("speed_mps", sa.Float(), nullable=True),
        sa.Column("junction_m", sa.Float(), nullable=True),
    )
    op.create_table(
        "grounded_words",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), nullable=False),
        sa.Column("proposal_id", sa.Integer(), sa.ForeignKey("proposal.id"), nullable=True, unique=True),
        sa.Column("review_id", sa.Integer(), sa.ForeignKey("review.id"), nullable=True, unique=True),
        sa.Column(
            "adjudication_id", sa.Integer(), sa.ForeignKey("adjudication.id"), nullable=True, unique=True
        ),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in _MARKS),
        sa.Column("rules", sa.String(16), nullable=False),
    )
    op.create_index("ix_grounded_words_frame_id", "grounded_words", ["frame_id"])


_COUNTS = ("supported", "contradicted", "contradicted_in_answer", "not_checkable", "omitted")
_MARKS = ("has_boxes", "reason_against_level", "action_against_level", "names_nothing")
