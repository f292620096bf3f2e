"""What is asked again, how often and after which pause: one table for every way to ask a model.

| what went wrong | batches (`client`, Ray's rows) | live feeds (`live_client`) |
| --- | --- | --- |
| no connection, or none in time | 5 times, growing pauses | the next endpoint, once each |
| an answer that is no JSON object with choices | 5 times, growing pauses | no: a person looks |
| an answer that is too large | no: the frame is refused | no: a person looks |
| status 408, 409, 425, 429, 5xx | 5 times, growing pauses, `Retry-After` kept | no: a person looks |
| a kept connection that the server had closed | (the library's pool) | once, at once, over a new one |
| status 401, 403, 404 | no: the whole call ends | no: a person looks |
| any other status | no: the frame is refused | no: a person looks |
| a reply without an assessment | twice, with another seed and never greedily | no: a person looks |
"""

from __future__ import annotations

import random
from enum import Enum

TRANSPORT_RETRIES = 5
CONTENT_RETRIES = 2
REQUEST_TIMEOUT_S = 300.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
_PASSING = frozenset({408, 409, 425, 429})
_CONFIGURATION = frozenset({401, 403, 404})
_SERVER_ERROR = 500


class Remedy(Enum):
    """What helps against a failed request: asking again, nothing for this frame, or nothing for the whole call."""

    REPEAT = "repeat"
    REFUSE = "refuse"
    STOP = "stop"


def remedy(status: int) -> Remedy:
    """What helps against an HTTP status that is not 200; 0: no answer came.

    >>> [remedy(status).value for status in (0, 429, 503, 404, 400, 307)]
    ['repeat', 'repeat', 'repeat', 'stop', 'refuse', 'refuse']
    """
    if status == 0 or status in _PASSING or status >= _SERVER_ERROR:
        return Remedy.REPEAT
    return Remedy.STOP if status in _CONFIGURATION else Remedy.REFUSE


def pause_s(attempt: int, first_pause_s: float, retry_after: str | None = None) -> float:
    """Seconds before the repetition that follows attempt 0, 1, …: doubling with jitter, never less than the server
    asks for in `Retry-After`, and never more than half a minute.

    >>> 1.5 <= pause_s(2, 0.5) <= 2.5, pause_s(0, 0.5, "7"), pause_s(0, 0.5, "1e308")
    (True, 7.0, 30.0)
    """
    growing = first_pause_s * 2.0**attempt * (0.75 + random.random() / 2)
    try:
        asked_for = float(retry_after or 0)
    except ValueError:
        asked_for = 0.0
    longest = max(growing, asked_for if asked_for > 0 else 0.0)
    return min(longest, LONGEST_PAUSE_S)
