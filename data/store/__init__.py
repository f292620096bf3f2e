"""The store: rows, how they are opened on SQLite and PostgreSQL, and the audit trail that every act enters.

`open_store` and `Store` are the face, `tables` holds every row, `trail` appends acts. Knows no rule of the domain:
what an act means is decided in the rooms above.
"""
