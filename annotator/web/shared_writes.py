"""Writing what several people send at the same moment with one commit.

In SQLite a commit waits for the disk two or three times, whatever it holds, and commits come one after another. So
the acts that wait while one commit is under way go into the next one together, each in a savepoint of its own: an act
that fails leaves nothing behind and the others as they are, and nobody is answered before the disk has it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection

from data.store.opening import Store

MOST_TOGETHER = 24
"""Acts in one commit at most, so that the first of them does not wait for a crowd."""

Work = Callable[[Store], Any]


@dataclass
class _Waiting:
    work: Work
    done: Future[Any] = field(default_factory=Future)


class _Joined(Store):
    """The store as an act sees it inside somebody else's transaction: its commits end savepoints only."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)  # type: ignore[arg-type] # a session takes either


class SharedWrites:
    """One thread that does the acts of one store, as many at a time as are waiting."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._queue: SimpleQueue[_Waiting] = SimpleQueue()
        threading.Thread(target=self._serve, name="acts", daemon=True).start()

    def do(self, work: Work) -> Future[Any]:
        """Have work done on the store; its result is there once it is on the disk."""
        waiting = _Waiting(work)
        self._queue.put(waiting)
        return waiting.done

    def _serve(self) -> None:
        while True:
            together = [self._queue.get(), *self._others()]
            # Whoever has gone away meanwhile was told nothing, and will send it again.
            self._write([waiting for waiting in together if waiting.done.set_running_or_notify_cancel()])

    def _others(self) -> list[_Waiting]:
        found: list[_Waiting] = []
        try:
            while len(found) < MOST_TOGETHER - 1:
                found.append(self._queue.get_nowait())
        except Empty:
            pass
        return found

    def _write(self, together: list[_Waiting]) -> None:
        results: list[tuple[Any, Exception | None]] = []
        try:
            with self.store.write() as session:
                connection = session.connection()
                results = [_tried(connection, waiting.work) for waiting in together]
        except Exception as error:  # noqa: BLE001 - whoever waits is told, and sends it again
            results = [(None, error)] * len(together)
        for waiting, (result, problem) in zip(together, results, strict=True):
            if problem is None:
                waiting.done.set_result(result)
            else:
                waiting.done.set_exception(problem)


def _tried(connection: Connection, work: Work) -> tuple[Any, Exception | None]:
    """(result, None), or (None, why not) with nothing of the work left in the transaction."""
    try:
        with connection.begin_nested():
            return work(_Joined(connection)), None
    except Exception as error:  # noqa: BLE001 - it is raised again where the work was asked for
        return None, error
