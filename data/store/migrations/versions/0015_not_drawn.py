"""A frame that no draw took has no inclusion probability: generated ones, and those that came back for a reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuilt()
    else:
        op.alter_column("sampled_frame", "inclusion_probability", existing_type=sa.Float(), nullable=True)
    op.execute(
        "UPDATE sampled_frame SET inclusion_probability = NULL WHERE frame_id IN "
        "(SELECT frame_id FROM generated_frame) OR frame_id IN "
        # a replayed frame keeps the probability with which the data set's own draw took it
        "(SELECT frame_id FROM returned_frame WHERE why <> 'random' AND is_new)"
    )


def _rebuilt() -> None:
    """SQLite cannot drop a NOT NULL. Spelled out, since Alembic's batch mode orders foreign keys anew each time and the
    check of a store compares definitions as text."""
    op.execute(
        "CREATE TABLE sampled_frame_new (frame_id VARCHAR NOT NULL, sampling_id INTEGER NOT NULL, "
        "split VARCHAR(32) NOT NULL, inclusion_probability FLOAT, PRIMARY KEY (frame_id), "
        "FOREIGN KEY(frame_id) REFERENCES frame (id), FOREIGN KEY(sampling_id) REFERENCES sampling (id))"
    )
    columns = "frame_id, sampling_id, split, inclusion_probability"
    op.execute(f"INSERT INTO sampled_frame_new ({columns}) SELECT {columns} FROM sampled_frame")  # noqa: S608
    op.execute("DROP TABLE sampled_frame")
    op.execute("ALTER TABLE sampled_frame_new RENAME TO sampled_frame")
    op.create_index("ix_sampled_frame_split", "sampled_frame", ["split"], unique=False)
