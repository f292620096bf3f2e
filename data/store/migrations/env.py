"""What Alembic runs: upgrade over the connection that `data.store.opening` hands in.

Nothing of ours is imported here or in a migration, so that what was released once does the same for ever.
"""

from __future__ import annotations

from alembic import context


def run() -> None:
    """Apply pending migrations in the caller's transaction."""
    context.configure(connection=context.config.attributes["connection"])
    context.run_migrations()


run()
