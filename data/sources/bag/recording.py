"""What there is of a recording whatever its file: topics, and messages in the order in which they were written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Topic:
    """`kind`: the name of the messages' schema; `encoding`: how they are written (cdr, ros1, protobuf, json)."""

    name: str
    kind: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A message. `logged_us`: when it was recorded; `place`: where it lies in the file."""

    topic: Topic
    logged_us: int
    place: tuple[int, int]
    content: bytes


class Recording(Protocol):
    """One file. Every method raises SceneUnusable where it cannot be read."""

    def topics(self) -> list[Topic]:
        """All topics, by name."""
        ...

    def messages(self, wanted: frozenset[str]) -> Iterator[Stored]:
        """The messages of these topics."""
        ...

    def content(self, place: tuple[int, int]) -> bytes:
        """One message again."""
        ...
