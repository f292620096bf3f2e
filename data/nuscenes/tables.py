"""The tables of a dataroot as views that DuckDB reads, needed columns only.

What cannot be read is a DatarootError that names the table or the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from data.errors import DatarootError

CAMERA = "CAM_FRONT"
ANNOTATIONS = ("sample_annotation", "instance")
"""Tables that a set without annotated boxes may lack."""
_MAX_REASON_CHARS = 500
Tables = duckdb.DuckDBPyConnection

COLUMNS: dict[str, dict[str, str]] = {
    "scene": {"token": "VARCHAR", "log_token": "VARCHAR", "name": "VARCHAR", "description": "VARCHAR"},
    "log": {"token": "VARCHAR", "logfile": "VARCHAR", "location": "VARCHAR"},
    "sample": {"token": "VARCHAR", "scene_token": "VARCHAR"},
    "sensor": {"token": "VARCHAR", "channel": "VARCHAR"},
    "calibrated_sensor": {
        "token": "VARCHAR",
        "sensor_token": "VARCHAR",
        "translation": "DOUBLE[]",
        "rotation": "DOUBLE[]",
        "camera_intrinsic": "DOUBLE[][]",
    },
    "ego_pose": {"token": "VARCHAR", "translation": "DOUBLE[]", "rotation": "DOUBLE[]"},
    "sample_data": {
        "token": "VARCHAR",
        "sample_token": "VARCHAR",
        "ego_pose_token": "VARCHAR",
        "calibrated_sensor_token": "VARCHAR",
        "timestamp": "BIGINT",
        "is_key_frame": "BOOLEAN",
        "filename": "VARCHAR",
        "width": "INTEGER",
        "height": "INTEGER",
    },
    "sample_annotation": {
        "sample_token": "VARCHAR",
        "instance_token": "VARCHAR",
        "translation": "DOUBLE[]",
        "size": "DOUBLE[]",
        "rotation": "DOUBLE[]",
    },
    "instance": {"token": "VARCHAR", "category_token": "VARCHAR"},
    "category": {"token": "VARCHAR", "name": "VARCHAR"},
}


def require_dataroot(dataroot: Path, version: str, *, may_lack: Sequence[str] = ()) -> None:
    """Raise DatarootError unless this is a folder that has the version with every table that is read."""
    if not dataroot.is_dir():
        raise DatarootError(f"{dataroot} is not a folder.")
    folder = dataroot / version
    if not folder.is_dir():
        found = sorted(path.parent.name for path in dataroot.glob("*/sample_data.json"))
        hint = f"It has {', '.join(found)}." if found else "It has no folder of tables."
        raise DatarootError(f"{dataroot} has no version {version}. {hint}")
    for name in (one for one in COLUMNS if one not in may_lack):
        if not (folder / f"{name}.json").is_file():
            raise DatarootError(f"The table {folder / name}.json is missing.")


def open_tables(dataroot: Path, version: str, *, may_lack: Sequence[str] = ()) -> Tables:
    """A view of every table that is read; one that may be missing and is has no rows. Raises DatarootError as
    `require_dataroot`."""
    require_dataroot(dataroot, version, may_lack=may_lack)
    folder = dataroot / version
    connection = duckdb.connect(":memory:", config={"threads": 1})
    # Taken for a terminal (no main file), DuckDB would draw a bar on stdout, where figures belong.
    connection.execute("SET enable_progress_bar = false")
    # It guesses that a filtered file is small and would keep the largest tables in memory to look rows up in; as the
    # queries are written, what stands to the right of a JOIN is what is small.
    connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
    for name, columns in COLUMNS.items():
        if name in may_lack and not (folder / f"{name}.json").is_file():
            create_empty_view(connection, name, columns)
        else:
            create_view(connection, folder / f"{name}.json", name, columns)
    return connection


def create_view(connection: Tables, path: Path, name: str, columns: dict[str, str]) -> None:
    spec = ", ".join(f"{column}: '{kind}'" for column, kind in columns.items())
    quoted = str(path).replace("'", "''")
    with readable():
        connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_json('{quoted}', format='array', "  # noqa: S608
            f"columns={{{spec}}}, maximum_object_size=16777216)"
        )


def create_empty_view(connection: Tables, name: str, columns: dict[str, str]) -> None:
    spec = ", ".join(f"NULL::{kind} AS {column}" for column, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {spec} WHERE false")


def query(connection: Tables, sql: str, values: Sequence[object] = ()) -> Iterator[dict[str, Any]]:
    """Rows of a query as dictionaries."""
    with readable():
        cursor = connection.execute(sql, list(values))
        names = [column[0] for column in cursor.description or []]
        while rows := cursor.fetchmany(10_000):
            yield from (dict(zip(names, row, strict=True)) for row in rows)


@contextmanager
def readable() -> Iterator[None]:
    """A table that cannot be parsed becomes a DatarootError."""
    try:
        yield
    except (duckdb.Error, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split("\n", 1)[0].split())[:_MAX_REASON_CHARS]
        raise DatarootError(f"A nuScenes table cannot be read: {reason}") from error


def number_values(tables: Tables, name: str, values: list[str]) -> None:
    """A table of the values with their places in the list."""
    tables.execute(f"CREATE OR REPLACE TEMP TABLE {name} (value VARCHAR, number INTEGER)")
    tables.execute(
        f"INSERT INTO {name} SELECT unnest(?), unnest(range(?))",
        [values, len(values)],
    )
