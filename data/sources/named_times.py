"""When something was recorded, by the name of its file."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EARLIEST_US = 946_684_800_000_000
_LATEST_US = 4_102_444_800_000_000
"""2000 and 2100: digits that mean a time outside of these are a number of something else."""
_SINCE_1970 = re.compile(r"(?<![\d.])(?:(\d{10})(?:\.(\d{1,9}))?|(\d{13})|(\d{16})|(\d{19}))(?!\d)")
_DATE_AND_TIME = re.compile(
    r"(?<!\d)(\d{4})([-_.]?)(\d{2})\2(\d{2})[-_T ]?(\d{2})([-_:.h]?)(\d{2})[-_:.m]?(\d{2})"
    r"(?:[-_.,]?(\d{6}|\d{3}))?(?!\d)(Z|[+-]\d{2}:?\d{2})?"
)


def time_in_name(name: str) -> int | None:
    """Microseconds since 1970 that a name (without its suffix) states, None where it states none.

    Read are seconds, milliseconds, microseconds and nanoseconds since 1970, and dates with a time of day, which are
    taken as UTC unless an offset follows.

    >>> time_in_name("n015-2018-07-24-11-22-45+0800__CAM_FRONT__1532402927612460")
    1532402927612460
    >>> time_in_name("IMG_20231105_142233"), time_in_name("2023-11-05T14-22-33.250+01:00")
    (1699194153000000, 1699190553250000)
    >>> time_in_name("1699194153.5"), time_in_name("frame_000123"), time_in_name("2023-13-05_14-22-33")
    (1699194153500000, None, None)
    """
    since_1970 = [time for found in _SINCE_1970.finditer(name) if (time := _counted_us(found)) is not None]
    if since_1970:
        return since_1970[-1]
    dated = [time for found in _DATE_AND_TIME.finditer(name) if (time := _dated_us(found)) is not None]
    return dated[-1] if dated else None


def _counted_us(found: re.Match[str]) -> int | None:
    seconds, fraction, milliseconds, microseconds, nanoseconds = found.groups()
    if seconds:
        time_us = int(seconds) * 1_000_000 + int((fraction or "").ljust(6, "0")[:6])
    elif milliseconds:
        time_us = int(milliseconds) * 1_000
    else:
        time_us = int(microseconds) if microseconds else int(nanoseconds) // 1_000
    return time_us if _EARLIEST_US <= time_us < _LATEST_US else None


def _dated_us(found: re.Match[str]) -> int | None:
    year, _, month, day, hour, _, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    time_us = microseconds_of(moment) + int((fraction or "").ljust(6, "0")[:6]) - offset_us(zone)
    return time_us if _EARLIEST_US <= time_us < _LATEST_US else None


def microseconds_of(moment: datetime) -> int:
    """Microseconds since 1970 of a moment that knows its zone, without the rounding of a float.

    >>> microseconds_of(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def offset_us(zone: str | None) -> int:
    """Local time minus UTC in microseconds, of "+01:00", "-0430" or "Z"; nothing counts as UTC.

    >>> offset_us("-04:30") // 60_000_000, offset_us("Z"), offset_us(None)
    (-270, 0, 0)
    """
    if zone in (None, "", "Z"):
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return (-minutes if zone[0] == "-" else minutes) * 60_000_000
