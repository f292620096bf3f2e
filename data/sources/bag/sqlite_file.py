"""The older storage of rosbag2: an SQLite file of messages.

Form: the tables `topics` and `messages` of rosbag2_storage_sqlite3 (github.com/ros2/rosbag2).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from data.sources.bag.recording import Stored, Topic
from data.sources.unusable import SceneUnusable

MOST_MESSAGE_BYTES = 64_000_000
"""A compressed picture has far fewer."""


class SqliteFile:
    """See `Recording`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def topics(self) -> list[Topic]:
        """See `Recording`."""
        with _opened(self._path) as connection:
            return sorted(_topics(connection).values(), key=lambda topic: topic.name)

    def messages(self, wanted: frozenset[str]) -> Iterator[Stored]:
        """See `Recording`."""
        with _opened(self._path) as connection:
            topics = {number: one for number, one in _topics(connection).items() if one.name in wanted}
            places = ",".join("?" * len(topics))
            sql = (
                f"SELECT id, topic_id, timestamp, data FROM messages WHERE topic_id IN ({places}) ORDER BY id"  # noqa: S608
            )
            for number, topic, logged_ns, content in connection.execute(sql, list(topics)):
                yield Stored(topics[topic], int(logged_ns) // 1000, (int(number), 0), bytes(content))

    def content(self, place: tuple[int, int]) -> bytes:
        """See `Recording`."""
        with _opened(self._path) as connection:
            row = connection.execute("SELECT data FROM messages WHERE id = ?", place[:1]).fetchone()
        if row is None:
            raise SceneUnusable(f"{self._path.name} has changed since it was read.")
        return bytes(row[0])


def _topics(connection: sqlite3.Connection) -> dict[int, Topic]:
    rows = connection.execute("SELECT id, name, type, serialization_format FROM topics")
    return {int(number): Topic(str(name), str(kind), str(form)) for number, name, kind, form in rows}


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_MESSAGE_BYTES)
            connection.execute("PRAGMA trusted_schema = OFF")
            kinds = dict(connection.execute("SELECT name, type FROM sqlite_master"))
            if (kinds.get("topics"), kinds.get("messages")) != ("table", "table"):
                raise SceneUnusable(f"{path.name} has no tables topics and messages: it is no rosbag2 file.")
            yield connection
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise SceneUnusable(f"{path.name} cannot be read as a rosbag2 file: {error}.") from error
