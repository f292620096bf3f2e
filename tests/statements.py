"""Statements that the stores of one test process compile once between them: every engine starts with an empty cache of
its own, and compiling SQL anew for each of thousands of stores takes a fifth of a test's time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache
from sqlmodel import create_engine

_KEPT = 5_000


class Statements(LRUCache[Any, Any]):
    """What SQLAlchemy's `compiled_cache` option takes; its keys begin with an engine's own dialect, which differs
    from another engine's by name alone."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_for_all(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_for_all(key), value)


def _for_all(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return (key[0].name, *key[1:])


_compiled = Statements(_KEPT)


def engine_with_shared_statements(*args: Any, **options: Any) -> Engine:
    engine = create_engine(*args, **options)
    engine.update_execution_options(compiled_cache=_compiled)
    return engine
