"""Times as people say them. Pure."""

from __future__ import annotations

from data.text.phrases import counted

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
