"""Audits of frames that a lead picked, apart from those of everything that nobody has reviewed.

Lots from before have no stratum; it stays NULL there, so that no hash in the audit trail changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_lot", sa.Column("stratum", sa.String(64), nullable=True))
