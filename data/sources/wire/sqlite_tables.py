"""SQLite files of others, opened so that nothing in them is run and nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from data.sources.unusable import SceneUnusable

MOST_VALUE_BYTES = 64_000_000


@contextmanager
def tables_of(path: Path, needed: Iterable[str], kind: str) -> Iterator[sqlite3.Connection]:
    """A connection to a file that has these tables, as tables and not as views, whose text would be run.

    `kind`: what the file should be, for the message. Raises SceneUnusable, also for what goes wrong while it is read.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_VALUE_BYTES)
            connection.execute("PRAGMA trusted_schema = OFF")
            kinds = dict(connection.execute("SELECT name, type FROM sqlite_master"))
            missing = [name for name in needed if kinds.get(name) != "table"]
            if missing:
                raise SceneUnusable(f"{path.name} has no table {missing[0]}: it is no {kind}.")
            yield connection
    except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
        raise SceneUnusable(f"{path.name} cannot be read as a {kind}: {error}.") from error
