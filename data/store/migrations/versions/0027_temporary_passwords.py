"""Passwords that an administrator set, and sign-ins that serve to change one.

Old passwords count as people's own; NULLs are left out of a row's hash, so that no seal changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("temporary_since_us", sa.BigInteger(), nullable=True))
    op.add_column("sign_in", sa.Column("is_for_password_change", sa.Boolean(), nullable=True))
