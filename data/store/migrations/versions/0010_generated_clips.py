"""Clips that a generator made, the frames taken from them, and what people and models said of their plausibility;
a frame says itself that it is generated, so that no query has to look it up.

Rows of the four tables are never changed: a rejection that is taken back is another row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("generated_clip", "generated_frame", "clip_judgement", "clip_critique")


def upgrade() -> None:
    op.add_column("frame", sa.Column("generated_clip_id", sa.String(length=16), nullable=True))
    _clips()
    _frames()
    _judgements()
    _critiques()
    for table in TABLES:
        for statement in _append_only(table):
            op.execute(statement)


def _clips() -> None:
    op.create_table(
        "generated_clip",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("scene_id", sa.String(), nullable=False),
        sa.Column("source_scene_id", sa.String(), nullable=False),
        sa.Column("scenario", sa.String(length=41), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("spec_hash", sa.String(length=64), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("output_sha256", sa.String(length=64), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("taken_in_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["scene_id"], ["scene.id"]),
        sa.ForeignKeyConstraint(["source_scene_id"], ["scene.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("scene_id"),
    )
    op.create_index("ix_generated_clip_source_scene_id", "generated_clip", ["source_scene_id"])


def _frames() -> None:
    op.create_table(
        "generated_frame",
        sa.Column("frame_id", sa.String(), nullable=False),
        sa.Column("clip_id", sa.String(length=16), nullable=False),
        sa.Column("source_frame_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["frame_id"], ["frame.id"]),
        sa.ForeignKeyConstraint(["clip_id"], ["generated_clip.id"]),
        sa.ForeignKeyConstraint(["source_frame_id"], ["frame.id"]),
        sa.PrimaryKeyConstraint("frame_id"),
    )
    op.create_index("ix_generated_frame_clip_id", "generated_frame", ["clip_id"])
    op.create_index("ix_generated_frame_source_frame_id", "generated_frame", ["source_frame_id"])


def _judgements() -> None:
    op.create_table(
        "clip_judgement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("clip_id", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("is_rejected", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("judged_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["generated_clip.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token"),
    )
    op.create_index("ix_clip_judgement_clip_id", "clip_judgement", ["clip_id"])
    op.create_index("ix_clip_judgement_person_id", "clip_judgement", ["person_id"])


def _critiques() -> None:
    op.create_table(
        "clip_critique",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("question_hash", sa.String(length=64), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("is_plausible", sa.Boolean(), nullable=True),
        sa.Column("asked_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clip_id"], ["generated_clip.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("clip_id", "model", "question_hash"),
    )
    op.create_index("ix_clip_critique_clip_id", "clip_critique", ["clip_id"])


def _append_only(table: str) -> list[str]:
    """Statements that make the database itself refuse to change or delete a table's rows."""
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
