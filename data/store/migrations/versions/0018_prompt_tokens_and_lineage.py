"""What a server counted before each reply, and which training made a run's weights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposal", sa.Column("prompt_tokens", sa.Integer(), nullable=True))
    op.add_column("model_run", sa.Column("lineage", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("model_run", "lineage")
    op.drop_column("proposal", "prompt_tokens")
