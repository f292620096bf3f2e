"""Indexes for searching the words that people and models wrote about frames.

SQLite: one FTS5 table per table of texts, filled by triggers. PostgreSQL: an index on an expression. Both follow each
text in the act that writes it; nothing of them is data of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SOURCES: dict[str, tuple[str, ...]] = {
    "adjudication": ("reasoning", "action", "reason"),
    "review": ("reasoning", "action"),
    "frame_note": ("reason",),
    "second_look": ("reason",),
    "proposal": ("reasoning", "action", "chain_of_thought"),
}
PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
TOKENS = "tokenize='unicode61 remove_diacritics 0'"


def upgrade() -> None:
    statements = _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        op.get_bind().execute(sa.text(statement.replace(":", "\\:")))


def _sqlite() -> Iterator[str]:
    for table, columns in SOURCES.items():
        listed, words = ", ".join(columns), f"{table}_words"
        yield f"CREATE VIRTUAL TABLE {words} USING fts5({listed}, content='{table}', content_rowid='id', {TOKENS})"
        yield from _triggers(table, _add(words, "rowid", "id", columns), _remove(words, columns))
        yield f"INSERT INTO {words}({words}) VALUES ('rebuild')"  # noqa: S608
    # A scene's id is no number, and a row's own number may change: its description is kept a second time.
    yield f"CREATE VIRTUAL TABLE scene_words USING fts5(scene_id UNINDEXED, description, {TOKENS})"
    yield from _triggers(
        "scene",
        _add("scene_words", "scene_id", "id", ("description",)),
        "DELETE FROM scene_words WHERE scene_id = old.id",
    )
    yield "INSERT INTO scene_words(scene_id, description) SELECT id, description FROM scene"


def _add(words: str, key: str, of: str, columns: Sequence[str]) -> str:
    new = ", ".join(f"new.{column}" for column in columns)
    return f"INSERT INTO {words}({key}, {', '.join(columns)}) VALUES (new.{of}, {new})"  # noqa: S608


def _remove(words: str, columns: Sequence[str]) -> str:
    old = ", ".join(f"old.{column}" for column in columns)
    return f"INSERT INTO {words}({words}, rowid, {', '.join(columns)}) VALUES ('delete', old.id, {old})"  # noqa: S608


def _triggers(table: str, add: str, remove: str) -> Iterator[str]:
    yield f"CREATE TRIGGER {table}_words_insert AFTER INSERT ON {table} BEGIN {add}; END"
    yield f"CREATE TRIGGER {table}_words_update AFTER UPDATE ON {table} BEGIN {remove}; {add}; END"
    yield f"CREATE TRIGGER {table}_words_delete AFTER DELETE ON {table} BEGIN {remove}; END"


def _postgresql() -> Iterator[str]:
    for table, columns in SOURCES.items():
        yield f"CREATE INDEX ix_{table}_words ON {table} USING gin ({_vector(columns)})"


def _vector(columns: Sequence[str]) -> str:
    joined = " || ' ' || ".join(f"coalesce({column}, '')" for column in columns)
    marks = PUNCTUATION.replace("'", "''")
    return f"to_tsvector('simple', translate({joined}, '{marks}', '{' ' * len(PUNCTUATION)}'))"
