"""Verified frames that were sent back to a lead, and why; rows are never changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "second_look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("frame_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("after_adjudication_id", sa.Integer(), nullable=False),
        sa.Column("sent_back_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["frame_id"], ["frame.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("second_look", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_second_look_frame_id"), ["frame_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_second_look_person_id"), ["person_id"], unique=False)
    for statement in _append_only():
        op.execute(statement)


def _append_only() -> list[str]:
    """Statements that make the database itself refuse to change or delete the rows."""
    refusal = "rows of second_look are never changed"
    if op.get_bind().dialect.name == "sqlite":
        return [
            f"CREATE TRIGGER second_look_no_{act.lower()} BEFORE {act} ON second_look "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for act in ("UPDATE", "DELETE")
        ]
    return [
        "CREATE FUNCTION second_look_no_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$",
        "CREATE TRIGGER second_look_no_change BEFORE UPDATE OR DELETE ON second_look "
        "FOR EACH ROW EXECUTE FUNCTION second_look_no_change()",
    ]
