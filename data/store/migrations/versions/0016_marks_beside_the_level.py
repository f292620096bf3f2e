"""Two marks beside a review's level: its person was unsure, or it was given too fast to count by itself.

Rows written before have neither; both stay NULL where they do not apply, so that no hash in the audit trail changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("review", sa.Column("is_unsure", sa.Boolean(), nullable=True))
    op.add_column("review", sa.Column("is_unconfirmed", sa.Boolean(), nullable=True))
