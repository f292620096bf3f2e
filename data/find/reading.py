"""Reading long tables a few rows at a time, so that whoever asks meanwhile gets the interpreter in between.

A hundred thousand rows at once hold it for a tenth of a second while they are made, and again when they are collected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlmodel import Session

AT_ONCE = 1_000


def parts(session: Session, query: Any) -> Iterator[Sequence[Any]]:
    """The rows of a query, AT_ONCE together."""
    return iter(session.connection().execute(query).partitions(AT_ONCE))


def rows(session: Session, query: Any) -> Iterator[Any]:
    """The rows of a query, one after the other."""
    return chain.from_iterable(parts(session, query))
