"""What somebody who runs the store needs to see from outside: is it there, is it up to date, does work move."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import col, func, select

from data.store.opening import Store, revisions
from data.store.tables import FrameStatus, Lease, Review
from data.vocabulary import VerificationState


@dataclass(frozen=True)
class Workload:
    """`waiting`: frames that still need a review. `oldest_lease_s`: since when the longest-held frame is held, 0.0
    where nobody holds any."""

    decisions: int
    waiting: int
    contested: int
    leases: int
    oldest_lease_s: float


def is_current(store: Store) -> bool:
    """Whether the store answers and has the schema that this release was made for. Raises the driver's error where
    it does not answer."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - 0.15 s that only who asks should pay

    with store.read() as session:
        session.connection().execute(text("SELECT 1"))
        current = MigrationContext.configure(session.connection()).get_current_revision()
    return current == revisions()[0]


def workload(store: Store) -> Workload:
    """How much is done, how much waits, and how long frames are being held."""
    with store.read() as session:
        now_us = store.now_us(session)
        held = select(func.count(), func.min(Lease.leased_at_us)).where(col(Lease.until_us) > now_us)
        leases, since_us = session.exec(held).one()
        contested = select(func.count()).where(FrameStatus.state == VerificationState.CONTESTED)
        waiting = select(func.count()).where(col(FrameStatus.reviews_needed) > 0)
        return Workload(
            decisions=session.exec(select(func.count(col(Review.id)))).one(),
            waiting=session.exec(waiting).one(),
            contested=session.exec(contested).one(),
            leases=leases,
            oldest_lease_s=max(0.0, (now_us - since_us) / 1e6) if since_us else 0.0,
        )
