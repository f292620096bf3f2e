"""The level that a model's decision makes of its probabilities, beside the one that it wrote, and which decision.

Rows from before have neither; NULLs are left out of a row's hash, so that no seal changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposal", sa.Column("decided_level", sa.String(32), nullable=True))
    op.add_column("proposal", sa.Column("decision", sa.String(16), nullable=True))
