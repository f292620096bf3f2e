"""What a model at an endpoint cut words into; made anew by `ground` and sealed nowhere, as what they come to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cut_assertions",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), nullable=False),
        sa.Column("proposal_id", sa.Integer(), sa.ForeignKey("proposal.id"), nullable=True, unique=True),
        sa.Column("review_id", sa.Integer(), sa.ForeignKey("review.id"), nullable=True, unique=True),
        sa.Column(
            "adjudication_id", sa.Integer(), sa.ForeignKey("adjudication.id"), nullable=True, unique=True
        ),
        sa.Column("cut_by", sa.String(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("dropped", sa.JSON(), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
    )
    op.create_index("ix_cut_assertions_frame_id", "cut_assertions", ["frame_id"])
    op.add_column("grounded_words", sa.Column("cut_by", sa.String(), nullable=True))
