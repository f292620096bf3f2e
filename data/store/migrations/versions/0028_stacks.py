"""Stacks of look-alikes, and which reviews were given on one: all with one key, or taken back since.

Reviews from before were each given alone; both marks stay NULL there, so that no hash in the audit trail changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "frame_stack",
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), primary_key=True),
        sa.Column("first_id", sa.String(), sa.ForeignKey("frame.id"), nullable=False),
    )
    op.create_index("ix_frame_stack_first_id", "frame_stack", ["first_id"])
    op.add_column("review", sa.Column("stack", sa.String(64), nullable=True))
    op.add_column("review", sa.Column("is_taken_back", sa.Boolean(), nullable=True))
    for name, columns, marked in (
        ("ix_review_stack", ["stack"], "stack IS NOT NULL"),
        ("ix_review_taken_back", ["person_id", "frame_id"], "is_taken_back IS NOT NULL"),
    ):
        op.create_index(
            name, "review", columns, sqlite_where=sa.text(marked), postgresql_where=sa.text(marked)
        )
