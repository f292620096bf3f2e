"""Live feeds: watches, feeds and their levels over time, alerts, operators' answers, and the frames that came back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

ACTS = ("feed_change", "operator_answer", "returned_frame")


def upgrade() -> None:
    _watches()
    _alerts()
    op.create_table(
        "returned_frame",
        sa.Column("frame_id", sa.String(), sa.ForeignKey("frame.id"), primary_key=True, nullable=False),
        sa.Column("watch_id", sa.Integer(), sa.ForeignKey("watch.id"), nullable=False),
        sa.Column("feed_id", sa.Integer(), sa.ForeignKey("feed.id"), nullable=False),
        sa.Column("alert_id", sa.String(32), sa.ForeignKey("alert.id"), nullable=True),
        sa.Column("proposal_id", sa.Integer(), sa.ForeignKey("proposal.id"), nullable=True),
        sa.Column("why", sa.String(32), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("inclusion_probability", sa.Float(), nullable=False),
        sa.Column("returned_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_returned_frame_watch_id", "returned_frame", ["watch_id"])
    op.create_index("ix_returned_frame_alert_id", "returned_frame", ["alert_id"])
    for table in ACTS:
        for statement in _append_only(table):
            op.execute(statement)


def _watches() -> None:
    op.create_table(
        "watch",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("run_id", sa.String(16), sa.ForeignKey("model_run.id"), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=True),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("listens_at", sa.Text(), nullable=False),
        sa.Column("started_at_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_at_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("added_at_us", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "feed_change",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("watch_id", sa.Integer(), sa.ForeignKey("watch.id"), nullable=False),
        sa.Column("feed_id", sa.Integer(), sa.ForeignKey("feed.id"), nullable=False),
        sa.Column("level", sa.String(32), nullable=True),
        sa.Column("manual", sa.String(32), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("captured_at_us", sa.BigInteger(), nullable=True),
        sa.Column("changed_at_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_feed_change_watch_time", "feed_change", ["watch_id", "changed_at_us"])
    counts = ("frames", "answers", "stale", "failed", "dropped")
    op.create_table(
        "watch_minute",
        sa.Column("watch_id", sa.Integer(), sa.ForeignKey("watch.id"), primary_key=True, nullable=False),
        sa.Column("minute_at_us", sa.BigInteger(), primary_key=True, nullable=False),
        sa.Column("feed_s", sa.Float(), nullable=False),
        sa.Column("manual_s", sa.Float(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
    )


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.String(32), primary_key=True, nullable=False),
        sa.Column("watch_id", sa.Integer(), sa.ForeignKey("watch.id"), nullable=False),
        sa.Column("feed_id", sa.Integer(), sa.ForeignKey("feed.id"), nullable=False),
        sa.Column("level", sa.String(32), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("level_probabilities", sa.JSON(), nullable=True),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("source_frame_id", sa.String(), sa.ForeignKey("frame.id"), nullable=True),
        sa.Column("called", sa.Boolean(), nullable=False),
        sa.Column("captured_at_us", sa.BigInteger(), nullable=False),
        sa.Column("asked_at_us", sa.BigInteger(), nullable=False),
        sa.Column("raised_at_us", sa.BigInteger(), nullable=False),
        sa.Column("shown_at_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=True),
        sa.Column("end", sa.String(32), nullable=True),
    )
    op.create_index("ix_alert_watch_raised", "alert", ["watch_id", "raised_at_us"])
    op.create_table(
        "operator_answer",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("alert_id", sa.String(32), sa.ForeignKey("alert.id"), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("response", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seconds_shown", sa.Float(), nullable=True),
        sa.Column("answered_at_us", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("token"),
    )
    op.create_index("ix_operator_answer_alert_id", "operator_answer", ["alert_id"])
    op.create_index("ix_operator_answer_person_id", "operator_answer", ["person_id"])


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
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_change()",
    ]
