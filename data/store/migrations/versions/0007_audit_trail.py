"""The audit trail, in which every act stands in a chain of hashes, and triggers where acts had none yet.

Acts that a store holds already are entered as they stand: from here on nobody can change them unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

GUARDED_BEFORE = (
    "review",
    "adjudication",
    "frame_note",
    "tour_answer",
    "guideline_text",
    "gold_frame",
    "audit_lot",
    "audit_frame",
    "second_look",
    "label_studio_annotation",
)
ACTS = {
    "review": "id",
    "adjudication": "id",
    "second_look": "id",
    "frame_note": "id",
    "tour_answer": "id",
    "guideline_text": "id",
    "gold_frame": "frame_id",
    "audit_lot": "id",
    "rewrite_confirmation": "id",
}

FIRST = "0" * 64
LINK = ("id", "act", "person_id", "subject", "details", "row_sha256", "at_us", "previous_sha256")


def upgrade() -> None:
    op.create_table(
        "trail_entry",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False, nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("row_sha256", sa.String(64), nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("previous_sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    )
    _enter_what_is_there()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in ("trail_entry", "rewrite_confirmation"):
        for statement in _append_only(table, is_sqlite):
            op.execute(statement)
    if is_sqlite:
        op.execute(
            "CREATE TRIGGER trail_entry_no_replace BEFORE INSERT ON trail_entry "
            "WHEN EXISTS (SELECT 1 FROM trail_entry WHERE id = NEW.id OR sha256 = NEW.sha256 "
            "OR previous_sha256 = NEW.previous_sha256) "
            "BEGIN SELECT RAISE(ABORT, 'rows of trail_entry are never changed'); END"
        )
        return
    for table in (*GUARDED_BEFORE, "rewrite_confirmation", "trail_entry"):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_change()"
        )


def _enter_what_is_there() -> None:
    connection = op.get_bind()
    trail = sa.table("trail_entry", *(sa.column(name) for name in (*LINK, "sha256")))
    before, now_us = FIRST, time.time_ns() // 1000
    entries: list[dict[str, Any]] = []
    for subject, details, row_hash in _found(connection):
        values = (len(entries) + 1, "adopted", None, subject, details, row_hash, now_us, before)
        link = dict(zip(LINK, values, strict=True))
        before = _sha256(link)
        entries.append({**link, "sha256": before})
    if entries:
        connection.execute(trail.insert(), entries)


def _found(connection: sa.Connection) -> Iterator[tuple[str, str, str | None]]:
    """Subject, details and row's hash of everybody and of every act that is there."""
    people = connection.execute(sa.text("SELECT name, role, is_disabled FROM person ORDER BY id"))
    for name, role, is_disabled in people:
        yield f"person:{name}", canonical_json({"role": role, "disabled": bool(is_disabled)}), None
    for table, key in ACTS.items():
        rows = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY {key}")).mappings()  # noqa: S608
        for row in rows:
            yield f"{table}:{row[key]}", "{}", row_sha256(dict(row))


def canonical_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def row_sha256(values: Mapping[str, Any]) -> str:
    return _sha256({name: _plain(value) for name, value in values.items() if value is not None})


def _plain(value: Any) -> Any:
    is_whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole else value


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def _append_only(table: str, is_sqlite: bool) -> list[str]:
    """Statements that make the database itself refuse to change or delete a table's rows."""
    if is_sqlite:
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
    ]
