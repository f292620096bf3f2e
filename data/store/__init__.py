"""The store: rows, how they are opened on SQLite and PostgreSQL, and the audit trail that every act enters.

`open_store` and `Store` are the face, `tables` holds every row, `trail` appends acts, `migrations` import nothing of
ours. Knows no rule of the domain: what an act means is decided in the rooms above.
"""

from data.store.opening import Store, open_store

__all__ = ["Store", "open_store"]
