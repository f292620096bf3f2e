"""The process that makes clips, of what alerts leave of the processors.

`python -m data.live.clip_process PICTURES WATCH` reads one job a line (`early ALERT`, `whole ALERT`) and answers with a
line once it is done. When its input ends, because the monitor did or was killed, it finishes every alert of that watch
with the pictures that came, and then those of watches whose processes are gone.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from data.errors import ClipError
from data.images.timed_clip import Encoded, TimedPicture, encoded, mp4
from data.live.clip_spool import (
    Made,
    Places,
    Spooled,
    read_spool,
    reason_of,
    shortfall,
    write_made,
)
from data.whole_files import locked, written_whole

NICE = 15
"""A thirtieth of a busy core, and all that others leave: alerts come first, and an operator still sees the clip while
the alert matters."""
_SESSION = Path("/proc/self/autogroup")
EARLY_WITHIN_S, EARLY_IF_FEWER = 5.0, 3
"""What there is of a clip so far is made while an operator may look at it, and while few whole clips wait."""
MOST_BEGUN = 64
"""Alerts whose first pictures are kept as encoded, some 100 kB each, for their whole clips."""
Begun = dict[str, Encoded]


def main() -> None:
    places, watch_id = Places(Path(sys.argv[1])), sys.argv[2]
    step_aside()
    begun = Begun()
    with suppress(EOFError):
        work(places, watch_id, _Jobs(), begun)
    for spool in sorted((places.spools / watch_id).glob("*.pictures")):
        make_whole(places, spool, begun)


def step_aside() -> None:
    """Leave busy processors to others. Linux can share them out between sessions first, and within each by niceness: a
    process alone in its own, however nice, then takes as much as the monitor, unless the session is nice too. There the
    process is also one of those that run while others are idle (SCHED_IDLE): whoever wakes up runs at once, and the
    session's share stays. In a container, which has no sessions' shares, that of a core that is never idle falls to a
    three-hundredth."""
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # a kernel without it
            _SESSION.write_text(str(NICE), encoding="ascii")
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def work(places: Places, watch_id: str, jobs: _Jobs, begun: Begun) -> None:
    """Do every job, and between them what dead watches have left behind. Raises EOFError once the input has ended."""
    left = _left_behind(places, but=watch_id)
    waiting = next(left, None)
    while True:
        job = jobs.next(waits=waiting is None)
        if job is not None:
            what, alert_id = job
            _do(places, what, places.spool(watch_id, alert_id), begun)
        elif waiting is not None:
            _do(places, "whole", waiting, begun)
            waiting = next(left, None)


def _do(places: Places, what: str, spool: Path, begun: Begun) -> None:
    name = f"{spool.parent.name}/{spool.stem}"
    _say("begun", name)
    make = make_early if what == "early" else make_whole
    reason = make(places, spool, begun)
    _say("failed" if reason else what, name, reason or "")


def _say(*words: str) -> None:
    with suppress(OSError):  # whoever listened may be gone
        sys.stdout.write(" ".join(words) + "\n")
        sys.stdout.flush()


class _Jobs:
    """Lines of the input, in the order in which they are to be done."""

    def __init__(self) -> None:
        self._early: deque[tuple[float, str]] = deque()
        self._whole: deque[str] = deque()
        self._changed = threading.Condition()
        self._is_over = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            what, _, alert_id = line.strip().partition(" ")
            with self._changed:
                if what == "early":
                    self._early.append((time.monotonic(), alert_id))
                else:
                    self._whole.append(alert_id)
                self._changed.notify()
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def next(self, *, waits: bool) -> tuple[str, str] | None:
        """The next job; None if none is there now and it is not to be waited for. Raises EOFError at the end."""
        with self._changed:
            if waits:
                self._changed.wait_for(lambda: self._early or self._whole or self._is_over)
            if self._is_over:
                raise EOFError
            while self._early:
                came_s, alert_id = self._early.pop()
                if len(self._whole) < EARLY_IF_FEWER and time.monotonic() - came_s < EARLY_WITHIN_S:
                    return "early", alert_id
            return ("whole", self._whole.popleft()) if self._whole else None


def make_early(places: Places, spool: Path, begun: Begun) -> str | None:
    """Make what there is of a clip so far, and keep it in `begun`; the reason why it cannot be made."""
    try:
        clip = _encoded(read_spool(spool))
        _put(places.early_clip(spool.stem), mp4(clip), survives_power_cut=False)
    except (ClipError, OSError) as error:
        return reason_of(error)
    begun[spool.stem] = clip
    while len(begun) > MOST_BEGUN:
        del begun[next(iter(begun))]
    return None


def make_whole(places: Places, spool: Path, begun: Begun) -> str | None:
    """Make an alert's clip of its pictures, those in `begun` as they are, write down what became of them and let them
    go.

    The reason why that cannot be done now, such as a disk that is full: then the pictures stay for the next time.
    """
    try:
        made = _made(places, spool.stem, read_spool(spool), begun.pop(spool.stem, None))
        write_made(spool, made)
        places.early_clip(spool.stem).unlink(missing_ok=True)
    except OSError as error:
        return reason_of(error)
    return None


def _made(places: Places, alert_id: str, spooled: Spooled, after: Encoded | None) -> Made:
    try:
        clip = _encoded(spooled, after)
        content = mp4(clip)
    except ClipError as refused:
        return Made(alert_id, detail=str(refused))
    _put(places.clip(alert_id), content)
    times_us = [at_us for at_us, _, _ in spooled.pictures]
    return Made(
        alert_id,
        hashlib.sha256(content).hexdigest(),
        len(content),
        len(clip.frames),
        clip.first_us,
        clip.last_us,
        shortfall(spooled.risen_us, times_us, is_over=spooled.is_over, unreadable=clip.unreadable),
    )


def _encoded(spooled: Spooled, after: Encoded | None = None) -> Encoded:
    """after: what was encoded of the same pictures when there were fewer."""
    done = len(after.frames) + after.unreadable if after else 0
    rest = replace(spooled, pictures=spooled.pictures[done:])
    return encoded((TimedPicture(at_us, content) for at_us, content in rest), after)


def _put(path: Path, content: bytes, *, survives_power_cut: bool = True) -> None:
    with written_whole(path, survives_power_cut=survives_power_cut) as partial:
        partial.write_bytes(content)


def _left_behind(places: Places, *, but: str) -> Iterator[Path]:
    """The pictures of watches whose processes are gone: killed, or the machine went off."""
    for folder in sorted(places.spools.iterdir()) if places.spools.is_dir() else ():
        if folder.name != but and folder.is_dir() and (lock := locked(folder)) is not None:
            with lock:
                yield from sorted(folder.glob("*.pictures"))


if __name__ == "__main__":
    main()
