"""Times as people say them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from data.text.phrases import counted
from data.text.visible import visible

_STEPS_S = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def how_long_ago(at_us: int | None, *, now_us: int) -> str:
    """How long before now, in the largest whole unit.

    >>> how_long_ago(0, now_us=7_300_000_000), how_long_ago(0, now_us=1), how_long_ago(None, now_us=1)
    ('2 hours ago', 'just now', 'never')
    """
    if at_us is None:
        return "never"
    age_s = (now_us - at_us) // 1_000_000
    for unit_s, name in _STEPS_S:
        if age_s >= unit_s:
            return f"{counted(age_s // unit_s, name)} ago"
    return "just now"


def as_written(told: str) -> str:
    """An ISO time as screens write times, and anything else as it stands.

    >>> as_written("2026-11-29T10:01:10+01:00"), as_written("2026-11-29"), as_written("dusk")
    ('2026-11-29 09:01:10 UTC', '2026-11-29', 'dusk')
    """
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return visible(told)
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at.tzinfo else visible(told)
