"""Where reviews that were made in Label Studio come from; rows are never changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "label_studio_annotation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("annotation_key", sa.String(length=80), nullable=False),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("annotated_at_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("review_id"),
        sa.UniqueConstraint("annotation_key", "changed_at_us"),
    )
    for statement in _append_only("label_studio_annotation"):
        op.execute(statement)
    # How a picture looks, so that two of one view are found; filled in when a snapshot first needs it.
    with op.batch_alter_table("frame", schema=None) as batch_op:
        batch_op.add_column(sa.Column("image_fingerprint", sa.String(length=64), nullable=True))


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
    ]
