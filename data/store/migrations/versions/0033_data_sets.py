"""Several data sets in one store: each has a name, its frames' files need be unique in it alone, and a scene knows the
draw that put it on its side.

What stood in sealed rows changes for data sets and scenes; the trail gets a seal of the difference.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

SEALED = ("dataset", "scene")
MADE_HERE = ("generated", "monitor")
LINK = ("id", "act", "person_id", "subject", "details", "row_sha256", "at_us", "previous_sha256")
FIRST = "0" * 64
BYTES = 384
PRIME = (1 << 8 * BYTES) - 1_103_717


def upgrade() -> None:
    connection = op.get_bind()
    before = {table: _hashes(connection, table) for table in SEALED}
    _change_dataset(connection)
    _change_scene(connection)
    _change_frame(connection)
    _enter(connection, before, {table: _hashes(connection, table) for table in SEALED})


def _change_dataset(connection: sa.Connection) -> None:
    op.execute("ALTER TABLE dataset RENAME COLUMN version TO name")
    op.add_column("dataset", sa.Column("kind", sa.String(), nullable=False, server_default="nuscenes"))
    op.add_column("dataset", sa.Column("version", sa.String(), nullable=True))
    op.add_column("dataset", sa.Column("camera", sa.String(), nullable=True))
    op.add_column("dataset", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column("dataset", sa.Column("lacks", sa.JSON(), nullable=True))
    for kind in MADE_HERE:
        connection.execute(sa.text("UPDATE dataset SET kind = name WHERE name = :kind"), {"kind": kind})
    op.execute("UPDATE dataset SET version = name, camera = 'CAM_FRONT' WHERE kind = 'nuscenes'")


def _change_scene(connection: sa.Connection) -> None:
    op.execute("ALTER TABLE scene ADD COLUMN sampling_id INTEGER REFERENCES sampling (id)")
    op.add_column("scene", sa.Column("licence", sa.String(), nullable=True))
    op.add_column("scene", sa.Column("official_side", sa.String(32), nullable=True))
    op.execute(
        "UPDATE scene SET sampling_id = (SELECT min(id) FROM sampling) WHERE split IS NOT NULL "
        "AND dataset_id IN (SELECT id FROM dataset WHERE kind = 'nuscenes')"
    )


def _change_frame(connection: sa.Connection) -> None:
    op.add_column("frame", sa.Column("unknown_cues", sa.JSON(), nullable=True))
    op.add_column("frame", sa.Column("tags", sa.JSON(), nullable=True))
    if _is_postgresql(connection):
        op.drop_constraint("frame_filename_key", "frame", type_="unique")
    else:
        _make_anew_without_unique_filename(connection)
    op.create_index("ix_frame_filename", "frame", ["filename"])


def _make_anew_without_unique_filename(connection: sa.Connection) -> None:
    """SQLite cannot drop a constraint. Rows go into the new table while references to it are not looked at, which they
    are again when this transaction ends."""
    sql = "SELECT sql FROM sqlite_master WHERE tbl_name = 'frame' AND type {} AND sql IS NOT NULL"
    (table,) = connection.execute(sa.text(sql.format("= 'table'"))).scalars()
    beside = connection.execute(sa.text(sql.format("IN ('index', 'trigger')"))).scalars().all()
    new = re.sub(r",\s*UNIQUE \(filename\)", "", table)
    if new == table:
        raise RuntimeError(
            "The table frame has no UNIQUE (filename): it is not the table of an earlier release."
        )
    for statement in (
        "CREATE TEMPORARY TABLE frame_kept AS SELECT * FROM frame",
        "PRAGMA defer_foreign_keys = ON",
        "DROP TABLE frame",
        new,
        "INSERT INTO frame SELECT * FROM frame_kept",
        "DROP TABLE frame_kept",
        *beside,
    ):
        connection.exec_driver_sql(statement)


def _is_postgresql(connection: sa.Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _hashes(connection: sa.Connection, table: str) -> set[str]:
    rows = connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()  # noqa: S608
    return {row_sha256({name: _parsed(name, one) for name, one in row.items()}) for row in rows}


def _parsed(column: str, value: Any) -> Any:
    return json.loads(value) if column == "lacks" and isinstance(value, str) else value


def _product(hashes: list[str]) -> int:
    product = 1
    for row_hash in hashes:
        digest = hashlib.shake_256(row_hash.encode()).digest(BYTES)
        product = product * (int.from_bytes(digest, "big") % PRIME) % PRIME
    return product


def _enter(connection: sa.Connection, before: dict[str, set[str]], after: dict[str, set[str]]) -> None:
    """Append the seals of the difference to the trail."""
    trail = sa.table("trail_entry", *(sa.column(name) for name in (*LINK, "sha256")))
    last = connection.execute(
        sa.text("SELECT id, sha256, at_us FROM trail_entry ORDER BY id DESC LIMIT 1")
    ).first()
    place, previous, latest_us = last or (0, FIRST, 0)
    now_us = max(time.time_ns() // 1000, latest_us)
    for table in SEALED:
        gone, come = sorted(before[table] - after[table]), sorted(after[table] - before[table])
        if not gone and not come:
            continue
        product = _product(come) * pow(_product(gone), -1, PRIME) % PRIME
        written = base64.b64encode(product.to_bytes(BYTES, "big")).decode()
        details = canonical_json(
            {"added": len(come), "removed": len(gone), "product": written, "at_migration": True}
        )
        place += 1
        values = (place, "sealed", None, table, details, None, now_us, previous)
        link = dict(zip(LINK, values, strict=True))
        previous = _sha256(link)
        connection.execute(trail.insert(), [{**link, "sha256": previous}])


def canonical_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def row_sha256(values: Mapping[str, Any]) -> str:
    return _sha256({name: _plain(value) for name, value in values.items() if value is not None})


def _plain(value: Any) -> Any:
    is_whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole else value


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()
