"""When a lease still keeps others away (pure, as a condition on rows). The store's clock may have been set."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from data.store.tables import Lease

CLOCK_SLACK_US = 60_000_000
"""How far a clock may be set back before leases of the future stop to count."""


def keeps_others_away(now_us: int) -> ColumnElement[bool]:
    """Leases that are live. One that begins in the future was taken before the clock was set back: it would last as
    much longer, so it keeps nobody away, but its holder can still decide."""
    return and_(col(Lease.until_us) > now_us, col(Lease.leased_at_us) <= now_us + CLOCK_SLACK_US)
