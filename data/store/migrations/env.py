"""What Alembic runs: upgrade over the connection that `data.store.opening` hands in."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import data.store.tables  # noqa: F401 - the rows must be known to the metadata


def run() -> None:
    """Apply pending migrations in the caller's transaction."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
    context.run_migrations()


run()
