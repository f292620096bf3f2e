"""Acts of leads: settlements taken back, answers paused and released, why a guideline changed and who has read it, why
an audit was cancelled.

Rows are never changed; new columns of old tables stay NULL where they do not apply, so that no hash in the audit trail
changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("guideline_text", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("audit_end", sa.Column("reason", sa.Text(), nullable=True))
    op.create_table(
        "adjudication_withdrawal",
        sa.Column("adjudication_id", sa.Integer(), sa.ForeignKey("adjudication.id"), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("withdrawn_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "answer_pause",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("by_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_answer_pause_person_id", "answer_pause", ["person_id"])
    op.create_table(
        "answer_release",
        sa.Column("pause_id", sa.Integer(), sa.ForeignKey("answer_pause.id"), primary_key=True),
        sa.Column("by_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("released_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "guideline_reading",
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("guideline_number", sa.Integer(), primary_key=True),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("read_at_us", sa.BigInteger(), nullable=False),
    )
    for table in ("adjudication_withdrawal", "answer_pause", "answer_release", "guideline_reading"):
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
