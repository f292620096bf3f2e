"""What the monitor counts as it goes: per minute for the store, since its start for Prometheus. Plain numbers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_KEPT = 20_000


@dataclass
class Counts:
    """Frames that came, answers that came, and of those the stale ones and those without an assessment (requests
    that reached nobody among them); frames that gave way to newer ones; seconds of feeds watched, and by eye."""

    frames: int = 0
    answers: int = 0
    stale: int = 0
    failed: int = 0
    dropped: int = 0
    feed_s: float = 0.0
    manual_s: float = 0.0


@dataclass
class Tally:
    """Counts of the running minute and of the whole watch, and the times of answers and alerts in seconds. undecided:
    answers without the probabilities that a decision is made by."""

    minute: Counts = field(default_factory=Counts)
    whole: Counts = field(default_factory=Counts)
    alerts: int = 0
    undecided: int = 0
    service_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    alert_behind_service_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def add(self, **counts: float) -> None:
        """Count into the minute and the whole."""
        for part in (self.minute, self.whole):
            for name, value in counts.items():
                setattr(part, name, getattr(part, name) + value)

    def alert_raised(self, behind_service_s: float) -> None:
        """Count an alert; `behind_service_s`: what passed before it beside the model's own time."""
        self.alerts += 1
        self.alert_behind_service_s.append(behind_service_s)

    def next_minute(self) -> Counts:
        """The minute that is over; counting goes on in a new one."""
        over, self.minute = self.minute, Counts()
        return over
