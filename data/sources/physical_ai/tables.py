"""Parquet tables of the set, needed columns only, as lists whose values are still to be looked at."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from data.sources.unusable import SceneUnusable
from data.sources.wire.archive import Stored
from data.sources.wire.errors import WireError

INDEX = "clip_id"
_MOST_BYTES = 200_000_000
_MOST_ROWS = 5_000_000
_MOST_UNPACKED = 2_000_000_000


def columns(table: Stored, names: Sequence[str]) -> list[list[object]]:
    """The columns of these names, all of one length. pandas writes an index without a name under one of its own, which
    stands for `clip_id` then. Raises SceneUnusable: no Parquet, a column that is missing, a table too large."""
    try:
        file: Any = parquet.ParquetFile(io.BytesIO(table.read(_MOST_BYTES)))  # type: ignore[no-untyped-call]
        there = set(file.schema_arrow.names)
        wanted = [name if name in there else "__index_level_0__" if name == INDEX else name for name in names]
        _refuse_missing(table, wanted, there)
        _refuse_large(table, file.metadata)
        found = file.read(columns=wanted)
        return [found.column(name).to_pylist() for name in wanted]
    except (pa.ArrowException, WireError, OSError, KeyError, ValueError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SceneUnusable(f"{table.name} cannot be read as Parquet: {reason}.") from error


def numbers(table: Stored, names: Sequence[str]) -> list[list[float]]:
    """The same, of finite numbers. Raises SceneUnusable for the first that is none, with its row."""
    found = columns(table, names)
    for name, values in zip(names, found, strict=True):
        for row, value in enumerate(values, start=1):
            if not _is_number(value):
                raise SceneUnusable(
                    f"The column {name} of {table.name} holds {value!r:.80} in row {row}, which is no number."
                )
    return found  # type: ignore[return-value]


def whole_numbers(table: Stored, name: str) -> list[int]:
    """A column of whole numbers. Raises SceneUnusable for the first that is none."""
    (values,), found = columns(table, [name]), list[int]()
    for row, value in enumerate(values, start=1):
        number = whole_number(value)
        if number is None:
            raise SceneUnusable(
                f"The column {name} of {table.name} holds {value!r:.80} in row {row}, which is no whole number."
            )
        found.append(number)
    return found


def whole_number(value: object) -> int | None:
    """A whole number, also one that is written with a point; None for anything else.

    >>> whole_number(5), whole_number(5.0), whole_number(5.5), whole_number(True), whole_number("5")
    (5, 5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else None


def _refuse_missing(table: Stored, names: Sequence[str], there: set[str]) -> None:
    missing = [name for name in names if name not in there]
    if missing:
        raise SceneUnusable(
            f"{table.name} has no column {', '.join(missing)}; it has {', '.join(sorted(there))[:200] or 'none'}."
        )


def _refuse_large(table: Stored, metadata: parquet.FileMetaData) -> None:
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if metadata.num_rows > _MOST_ROWS or unpacked > _MOST_UNPACKED:
        raise SceneUnusable(
            f"{table.name} has {metadata.num_rows:,} rows of {unpacked:,} bytes, more than are read."
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
