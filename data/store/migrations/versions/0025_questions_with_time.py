"""Which earlier frames a question showed beside the one that it asks about.

How many and how far apart is part of a run's parameters, which runs of single pictures do not name; NULLs are left out
of a row's hash, so that no seal changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposal", sa.Column("earlier_frame_ids", sa.JSON(), nullable=True))
