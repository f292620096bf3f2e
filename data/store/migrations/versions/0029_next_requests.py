"""Frames that a lead wants reviewed next, by everybody or by somebody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TABLE = "next_request"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("for_person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=True),
        sa.Column("is_set", sa.Boolean(), nullable=False),
        sa.Column("requested_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index(f"ix_{TABLE}_frame_id", TABLE, ["frame_id"])
    for statement in _append_only():
        op.execute(statement)


def _append_only() -> list[str]:
    """Statements that make the database itself refuse to change or delete the rows."""
    refusal = f"rows of {TABLE} are never changed"
    if op.get_bind().dialect.name == "sqlite":
        return [
            f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for act in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE FUNCTION {TABLE}_no_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$",
        f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_no_change()",
        f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_no_change()",
    ]
