"""The line to the process that makes clips: jobs go out, words of what was done come in.

The process is started with the first job and again after it died; a job that it dies of twice is given up.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from data.live.clip_spool import Made, Places, write_made
from data.whole_files import locked

MOST_DEATHS = 2
_log = logging.getLogger("teletriage.monitor")
Heard = Callable[[str, str, str], None]


class ClipMaker:
    """Jobs of one watch. heard: called from a thread with a word (`early`, `whole`, `failed`), the alert and a reason.

    The process outlives the monitor for as long as it takes to finish what came: whatever ends the monitor, the
    pictures on disk become clips.
    """

    def __init__(self, places: Places, watch_id: int, heard: Heard) -> None:
        self._places, self._watch_id, self._heard = places, watch_id, heard
        self._process: subprocess.Popen[str] | None = None
        self._lock: IO[bytes] | None = None
        self._sending = threading.Lock()
        self._waiting: list[str] = []
        self._deaths: dict[str, int] = {}

    @property
    def pid(self) -> int | None:
        """The process, while one runs."""
        return self._process.pid if self._process else None

    def ask(self, what: str, alert_id: str) -> None:
        """Have `early` or `whole` of an alert's clip made. Raises OSError: no process can be started."""
        with self._sending:
            if what == "whole":
                self._waiting.append(alert_id)
            self._send(what, alert_id)

    def start(self) -> None:
        """Start the process, so that what earlier watches left behind is finished. Raises OSError."""
        with self._sending:
            self._running()

    def close(self, within_s: float) -> None:
        """Let it finish by itself; wait for so long."""
        process = self._process
        if process is not None:
            with suppress(OSError):
                self._input(process).close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(within_s)
        if self._lock is not None:
            self._lock.close()

    def _send(self, what: str, alert_id: str) -> None:
        with suppress(BrokenPipeError):  # it has died; whoever listens to it starts another
            self._input(self._running()).write(f"{what} {alert_id}\n")

    @staticmethod
    def _input(process: subprocess.Popen[str]) -> IO[str]:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        return process.stdin

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            folder = self._places.spools / str(self._watch_id)
            self._lock = self._lock or locked(folder)
            command = [sys.executable, "-m", "data.live.clip_process"]
            self._process = subprocess.Popen(  # noqa: S603 - a module of ours
                [*command, str(self._places.pictures.resolve()), str(self._watch_id)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # SVT-AV1 tells of every clip there
                text=True,
                bufsize=1,
                start_new_session=True,  # Ctrl-C is for the monitor
                pass_fds=[self._lock.fileno()] if self._lock else [],
            )
            threading.Thread(target=self._listen, args=[self._process], name="clips", daemon=True).start()
        return self._process

    def _listen(self, process: subprocess.Popen[str]) -> None:
        begun = ""
        for line in process.stdout or ():
            what, _, rest = line.strip().partition(" ")
            name, _, reason = rest.partition(" ")
            begun = name if what == "begun" else ""
            if what != "begun":
                self._done(what, name, reason)
        if process.wait() != 0:
            self._died(process.returncode, begun)

    def _done(self, what: str, name: str, reason: str) -> None:
        alert_id = name.rpartition("/")[2]
        with self._sending:
            if what != "early" and alert_id in self._waiting:
                self._waiting.remove(alert_id)
        self._heard(what, alert_id, reason)

    def _died(self, code: int, name: str) -> None:
        _log.error("The process that makes clips died (%d); it is started again.", code)
        with self._sending:
            self._process = None
            if name:
                self._deaths[name] = self._deaths.get(name, 0) + 1
                if self._deaths[name] >= MOST_DEATHS:
                    self._give_up(name)
            for alert_id in self._waiting:
                self._send("whole", alert_id)

    def _give_up(self, name: str) -> None:
        watch_id, _, alert_id = name.partition("/")
        if alert_id in self._waiting:
            self._waiting.remove(alert_id)
        spool = self._places.spool(watch_id, alert_id)
        with suppress(OSError):
            write_made(spool, Made(alert_id, detail="The video encoder broke on its pictures."))
        self._heard("whole", alert_id, "")
