"""Tags and named lists of frames, and saved views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "frame_mark",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("is_set", sa.Boolean(), nullable=False),
        sa.Column("marked_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_frame_mark_frame_id", "frame_mark", ["frame_id"])
    op.create_index("ix_frame_mark_name", "frame_mark", ["kind", "name"])
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("saved_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_saved_view_person_id", "saved_view", ["person_id"])
    for table in ("frame_mark", "saved_view"):
        for statement in _append_only(table):
            op.execute(statement)


def _append_only(table: str) -> list[str]:
    """Statements that make the database itself refuse to change or delete the rows."""
    refusal = f"rows of {table} are never changed"
    if op.get_bind().dialect.name == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for act in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE FUNCTION {table}_no_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_no_change()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_change()",
    ]
