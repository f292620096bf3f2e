"""How long the seconds before a frame were watched, beside a review.

Rows written before have none; NULLs are left out of a row's hash, so that no seal changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("review", sa.Column("seconds_played", sa.Float(), nullable=True))
