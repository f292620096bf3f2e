"""A frame of a live feed that came back for a reason has no inclusion probability: no draw took it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLE = "returned_frame"
COLUMNS = (
    "frame_id, watch_id, feed_id, alert_id, proposal_id, why, is_new, inclusion_probability, returned_at_us"
)
WITHOUT = COLUMNS.replace("inclusion_probability", "CASE WHEN why = 'random' THEN inclusion_probability END")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuilt()
        return
    op.alter_column(TABLE, "inclusion_probability", existing_type=sa.Float(), nullable=True)
    op.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER {TABLE}_no_change")
    op.execute(f"UPDATE {TABLE} SET inclusion_probability = NULL WHERE why <> 'random'")  # noqa: S608
    op.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER {TABLE}_no_change")


def _rebuilt() -> None:
    """SQLite cannot drop a NOT NULL. Spelled out, since the check of a store compares definitions as text; the triggers
    that refuse changes go with the old table and are made again."""
    op.execute(
        f"CREATE TABLE {TABLE}_new (frame_id VARCHAR NOT NULL, watch_id INTEGER NOT NULL, feed_id INTEGER NOT NULL, "
        "alert_id VARCHAR(32), proposal_id INTEGER, why VARCHAR(32) NOT NULL, is_new BOOLEAN NOT NULL, "
        "inclusion_probability FLOAT, returned_at_us BIGINT NOT NULL, PRIMARY KEY (frame_id), "
        "FOREIGN KEY(frame_id) REFERENCES frame (id), FOREIGN KEY(watch_id) REFERENCES watch (id), "
        "FOREIGN KEY(feed_id) REFERENCES feed (id), FOREIGN KEY(alert_id) REFERENCES alert (id), "
        "FOREIGN KEY(proposal_id) REFERENCES proposal (id))"
    )
    op.execute(f"INSERT INTO {TABLE}_new ({COLUMNS}) SELECT {WITHOUT} FROM {TABLE}")  # noqa: S608
    op.execute(f"DROP TABLE {TABLE}")
    op.execute(f"ALTER TABLE {TABLE}_new RENAME TO {TABLE}")
    for column in ("watch_id", "alert_id"):
        op.create_index(f"ix_{TABLE}_{column}", TABLE, [column], unique=False)
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_{act.lower()} BEFORE {act} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {TABLE} are never changed'); END"
        )
