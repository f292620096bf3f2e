"""The review order as it is kept, gold frames, audits of the unreviewed remainder, and what leads set."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ACTS = ("gold_frame", "audit_lot", "audit_frame")


def upgrade() -> None:
    op.create_table(
        "random_share",
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), primary_key=True, nullable=False),
        sa.Column("inclusion_probability", sa.Float(), nullable=False),
        sa.Column("place", sa.Float(), nullable=False),
    )
    op.create_table(
        "ranking",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("ranked_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "gold_frame",
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), primary_key=True, nullable=False),
        sa.Column("adjudication_id", sa.Integer(), sa.ForeignKey("adjudication.id"), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("proposed", sa.String(32), nullable=True),
        sa.Column("made_by_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("made_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "audit_lot",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("opened_by_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=True),
        sa.Column("limit", sa.Float(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "audit_frame",
        sa.Column("lot_id", sa.Integer(), sa.ForeignKey("audit_lot.id"), primary_key=True, nullable=False),
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), primary_key=True, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(32), primary_key=True, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
    )
    _serving()
    for table in ACTS:
        for statement in _append_only(table):
            op.execute(statement)


def _serving() -> None:
    """The column that makes a frame blind, and the two indices that make taking the next frames one short walk."""
    op.add_column(
        "frame_status", sa.Column("is_audit", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index("ix_review_person_frame", "review", ["person_id", "frame_id"])
    op.drop_index("ix_frame_status_open", "frame_status")
    op.create_index(
        "ix_frame_status_queue",
        "frame_status",
        ["priority", "frame_id"],
        sqlite_where=sa.text("reviews_needed > 0"),
        postgresql_where=sa.text("reviews_needed > 0"),
    )


def _append_only(table: str) -> list[str]:
    """Statements that make the database itself refuse to change or delete a table's rows."""
    if op.get_bind().dialect.name == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
            for act in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE FUNCTION {table}_no_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'rows of {table} are never changed'; END $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_no_change()",
    ]
