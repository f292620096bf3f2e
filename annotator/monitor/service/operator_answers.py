"""Operators' answers on their way from the store to the running monitor."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from annotator.monitor.watching.monitor import Monitor
from annotator.monitor.watching.returning import ReturningFrames
from data.live.alerts import answers_since
from data.store.opening import Store
from data.store.tables import OperatorAnswer, Person

LOOK_EVERY_S = 1.0
_log = logging.getLogger("teletriage.monitor")


class OperatorAnswers:
    """Takes in operators' answers: at once when the app says that there is one, and every second besides."""

    def __init__(self, store: Store, monitor: Monitor, returning: ReturningFrames) -> None:
        self._store, self._monitor, self._returning = store, monitor, returning
        self._last, self._something = 0, asyncio.Event()

    def look(self) -> None:
        """There may be an answer."""
        self._something.set()

    async def keep(self) -> None:
        """Take them in for as long as the monitor runs."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):  # wait_for can swallow a cancellation (Python 3.11)
                    await self._something.wait()
            self._something.clear()
            try:
                found = await asyncio.to_thread(self._read)
            except Exception as error:  # noqa: BLE001 - the store may be away; the feeds are watched on
                _log.error("Answers cannot be read yet: %s", error)
                continue
            for answer, person in found:
                self._last = int(answer.id or 0)
                self._monitor.alerting.answered_by(answer.alert_id, answer.response, person.display_name)
            if found:
                await asyncio.to_thread(self._returning.disagreements)

    def _read(self) -> list[tuple[OperatorAnswer, Person]]:
        with self._store.read() as session:
            return answers_since(session, self._monitor.feeds.logbook.watch_id, self._last)
