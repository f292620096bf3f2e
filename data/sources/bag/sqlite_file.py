"""The older storage of rosbag2: an SQLite file of messages.

Form: the tables `topics` and `messages` of rosbag2_storage_sqlite3 (github.com/ros2/rosbag2).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from data.sources.bag.recording import Stored, Topic
from data.sources.unusable import SceneUnusable
from data.sources.wire.sqlite_tables import tables_of

_TABLES = ("topics", "messages")


class SqliteFile:
    """See `Recording`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def topics(self) -> list[Topic]:
        """See `Recording`."""
        with tables_of(self._path, _TABLES, "rosbag2 file") as connection:
            return sorted(_topics(connection).values(), key=lambda topic: topic.name)

    def messages(self, wanted: frozenset[str]) -> Iterator[Stored]:
        """See `Recording`."""
        with tables_of(self._path, _TABLES, "rosbag2 file") as connection:
            topics = {number: one for number, one in _topics(connection).items() if one.name in wanted}
            places = ",".join("?" * len(topics))
            sql = (
                f"SELECT id, topic_id, timestamp, data FROM messages WHERE topic_id IN ({places}) ORDER BY id"  # noqa: S608
            )
            for number, topic, logged_ns, content in connection.execute(sql, list(topics)):
                yield Stored(topics[topic], int(logged_ns) // 1000, (int(number), 0), bytes(content))

    def content(self, place: tuple[int, int]) -> bytes:
        """See `Recording`."""
        with tables_of(self._path, _TABLES, "rosbag2 file") as connection:
            row = connection.execute("SELECT data FROM messages WHERE id = ?", place[:1]).fetchone()
        if row is None:
            raise SceneUnusable(f"{self._path.name} has changed since it was read.")
        return bytes(row[0])


def _topics(connection: sqlite3.Connection) -> dict[int, Topic]:
    rows = connection.execute("SELECT id, name, type, serialization_format FROM topics")
    return {int(number): Topic(str(name), str(kind), str(form)) for number, name, kind, form in rows}
