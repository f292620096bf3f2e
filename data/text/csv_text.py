"""Tables as CSV that no spreadsheet runs: cells that would begin a formula get an apostrophe."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    r"""Rows as CSV with a head (OWASP ASVS 5.0, 1.2.10). Numbers stay numbers; text that starts a formula does not.

    >>> csv_text([{"name": "=1+1", "n": -2}])
    "name,n\r\n'=1+1,-2\r\n"
    """
    listed = list(rows)
    out = io.StringIO()
    writer = csv.writer(out)
    if listed:
        writer.writerow([_safe(name) for name in listed[0]])
    writer.writerows([_safe(value) for value in _values(row)] for row in listed)
    return out.getvalue()


def _values(row: Mapping[str, Any]) -> Sequence[Any]:
    return list(row.values())


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS) else value
