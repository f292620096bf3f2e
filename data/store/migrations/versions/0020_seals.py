"""Seals in the audit trail for the rows that judgement rests on.

What a store holds already is sealed as it stands, and the entries say so: from here on nobody can change it unnoticed.
A later migration that changes sealed rows has to add a seal of the difference.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SEALED: dict[str, tuple[str, ...]] = {
    "dataset": (),
    "scene": (),
    "frame": ("boxes", "cues", "pixels"),
    "sampling": ("parameters",),
    "sampled_frame": (),
    "random_share": (),
    "model_run": ("parameters", "lineage"),
    "proposal": ("level_probabilities", "token_probabilities", "votes", "other_samples"),
    "person": (),
    "sign_in": (),
    "provider_identity": (),
    "setting": (),
    "secret": (),
    "audit_frame": (),
    "label_studio_annotation": (),
    "generated_clip": ("spec",),
    "generated_frame": (),
    "clip_critique": (),
    "watch": ("limits",),
    "feed": (),
    "feed_change": (),
    "alert": ("level_probabilities",),
    "watch_minute": (),
    "returned_frame": (),
}
"""The tables and their columns that hold JSON."""
APART = {"proposal": "run_id"}
LEFT_OUT = {("watch", "seen_at_us")}

FIRST = "0" * 64
LINK = ("id", "act", "person_id", "subject", "details", "row_sha256", "at_us", "previous_sha256")
BYTES = 384
PRIME = (1 << 8 * BYTES) - 1_103_717


def upgrade() -> None:
    connection = op.get_bind()
    counts: dict[str, int] = defaultdict(int)
    products: dict[str, int] = defaultdict(lambda: 1)
    for subject, row_hash in _found(connection):
        counts[subject] += 1
        products[subject] = products[subject] * _element(row_hash) % PRIME
    _enter(connection, [(one, _details(counts[one], products[one])) for one in sorted(counts)])


def _found(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Subject and hash of every row that is sealed."""
    for table, json_columns in SEALED.items():
        # As they stand: SQLite keeps JSON as text, PostgreSQL gives it parsed.
        rows = connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()  # noqa: S608
        for row in rows:
            values = {name: _parsed(one) if name in json_columns else one for name, one in row.items()}
            kept = {name: one for name, one in values.items() if (table, name) not in LEFT_OUT}
            yield f"{table}:{row[APART[table]]}" if table in APART else table, row_sha256(kept)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _element(row_hash: str) -> int:
    return int.from_bytes(hashlib.shake_256(row_hash.encode()).digest(BYTES), "big") % PRIME


def _details(rows: int, product: int) -> str:
    written = base64.b64encode(product.to_bytes(BYTES, "big")).decode()
    return canonical_json({"added": rows, "removed": 0, "product": written, "at_migration": True})


def _enter(connection: sa.Connection, seals: list[tuple[str, str]]) -> None:
    """Append the seals to the trail."""
    trail = sa.table("trail_entry", *(sa.column(name) for name in (*LINK, "sha256")))
    last = connection.execute(
        sa.text("SELECT id, sha256, at_us FROM trail_entry ORDER BY id DESC LIMIT 1")
    ).first()
    place, before, latest_us = last or (0, FIRST, 0)
    now_us = max(time.time_ns() // 1000, latest_us)
    entries: list[dict[str, Any]] = []
    for subject, details in seals:
        place += 1
        values = (place, "sealed", None, subject, details, None, now_us, before)
        link = dict(zip(LINK, values, strict=True))
        before = _sha256(link)
        entries.append({**link, "sha256": before})
    if entries:
        connection.execute(trail.insert(), entries)


def canonical_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def row_sha256(values: Mapping[str, Any]) -> str:
    return _sha256({name: _plain(value) for name, value in values.items() if value is not None})


def _plain(value: Any) -> Any:
    is_whole = isinstance(value, bool) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole else value


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()
