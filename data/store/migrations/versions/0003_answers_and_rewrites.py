"""What a proposal was asked with and how sure it is, chains of thought rewritten for a verified level, and the
pixel measurements of a frame."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("frame", sa.Column("pixels", sa.JSON(), nullable=True))
    op.add_column("proposal", sa.Column("token_probabilities", sa.JSON(), nullable=True))
    op.add_column("proposal", sa.Column("votes", sa.JSON(), nullable=True))
    op.add_column("proposal", sa.Column("other_samples", sa.JSON(), nullable=True))
    op.add_column("proposal", sa.Column("request_hash", sa.String(64), nullable=True))
    op.add_column("proposal", sa.Column("attempts", sa.Integer(), nullable=True))
    _create_rewrites()


def _create_rewrites() -> None:
    op.create_table(
        "rewrite",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(16), nullable=False),
        sa.Column("frame_id", sa.String(), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("chain_of_thought", sa.Text(), nullable=True),
        sa.Column("failure_detail", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("written_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["model_run.id"]),
        sa.ForeignKeyConstraint(["frame_id"], ["frame.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id", "frame_id", "level"),
    )
    op.create_index("ix_rewrite_run_id", "rewrite", ["run_id"])
    op.create_index("ix_rewrite_frame_id", "rewrite", ["frame_id"])
    op.create_table(
        "rewrite_confirmation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rewrite_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("chain_of_thought", sa.Text(), nullable=False),
        sa.Column("confirmed_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["rewrite_id"], ["rewrite.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rewrite_id"),
    )
    op.create_index("ix_rewrite_confirmation_person_id", "rewrite_confirmation", ["person_id"])


def downgrade() -> None:
    op.drop_table("rewrite_confirmation")
    op.drop_table("rewrite")
    for column in ("attempts", "request_hash", "other_samples", "votes", "token_probabilities"):
        op.drop_column("proposal", column)
    op.drop_column("frame", "pixels")
