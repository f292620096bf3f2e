"""Pictures in which people had faces and number plates blurred, and the copies that are shown in their place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TABLES = ("blurring", "blurred_picture")


def upgrade() -> None:
    op.create_table(
        "blurring",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=True),
        sa.Column("detector_sha256", sa.String(64), nullable=True),
        sa.Column("least_score", sa.Float(), nullable=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("begun_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_blurring_person_id", "blurring", ["person_id"])
    op.create_table(
        "blurred_picture",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("blurring_id", sa.Integer(), sa.ForeignKey("blurring.id"), nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("blurred_sha256", sa.String(64), nullable=False),
        sa.Column("regions", sa.Integer(), nullable=False),
        sa.Column("boxes", sa.Integer(), nullable=True),
        sa.Column("blurred_at_us", sa.BigInteger(), nullable=False),
    )
    for column in ("blurring_id", "image_sha256"):
        op.create_index(f"ix_blurred_picture_{column}", "blurred_picture", [column])
    for table in TABLES:
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
