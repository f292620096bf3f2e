"""Chains of thought written for a verified level leave the store: nothing could confirm or use them, and asking for
them showed a model what people had verified.

What models wrote is dropped. What a person confirmed is an act that the audit trail vouches for, so a store that holds
one stays as it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    confirmed = connection.execute(sa.text("SELECT count(*) FROM rewrite_confirmation")).scalar_one()
    if confirmed:
        raise CommandError(
            f"{confirmed} rewritten chains of thought in it were confirmed by people, and later versions have no place "
            "for them; go on with teletriage 0.1.0 for this store"
        )
    op.drop_table("rewrite_confirmation")
    op.drop_table("rewrite")
    if connection.dialect.name == "postgresql":
        op.execute("DROP FUNCTION rewrite_confirmation_no_change()")
