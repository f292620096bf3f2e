"""Use cases around alerts that ended while nobody answered: they wait, by name, until somebody acknowledges them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, case
from sqlmodel import Session, col, func, select

from data.errors import AlertNotWritten, AnswerRefused
from data.live.alerts import MAX_REASON_CHARS
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import Alert, AlertAcknowledgement, Feed, OperatorAnswer
from data.vocabulary import AlertEnd, TriageLevel

MOST_LISTED = 60
_BY_ITSELF = (AlertEnd.CALMED, AlertEnd.MONITOR_ENDED)


class Acknowledgement(BaseModel):
    """Alerts that an operator has seen to have ended, as it comes from the browser; `token` is made once per act."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    token: str = Field(min_length=8, max_length=64)
    alert_ids: list[str] = Field(min_length=1, max_length=500)
    note: str = Field(default="", max_length=MAX_REASON_CHARS)


@dataclass(frozen=True)
class Ended:
    """An alert that ended without an answer, and the name of its feed."""

    alert: Alert
    feed: str


@dataclass(frozen=True)
class Unanswered:
    """How many such alerts wait, of them at TELEOPERATION, and the first MOST_LISTED of them: TELEOPERATION first,
    then the latest."""

    n: int
    teleoperation: int
    alerts: list[Ended]


def ended_unanswered() -> ColumnElement[bool]:
    """Alerts that ended by themselves and that nobody answered. One that rose is asked again by its successor; one
    that an operator called had its answer first."""
    answered = select(OperatorAnswer.id).where(OperatorAnswer.alert_id == Alert.id).exists()
    return col(Alert.end).in_(_BY_ITSELF) & ~col(Alert.called) & ~answered


def unanswered_alerts(store: Store) -> Unanswered:
    """The alerts that ended without an answer and that nobody has acknowledged."""
    is_teleoperation = col(Alert.level) == TriageLevel.TELEOPERATION
    with store.read() as session:
        counts = select(func.count(), func.count(case((is_teleoperation, 1)))).select_from(Alert)
        n, teleoperation = session.exec(counts.where(_waiting())).one()
        query = (
            select(Alert, Feed.name)
            .join(Feed, col(Feed.id) == Alert.feed_id)
            .where(_waiting())
            .order_by(case((is_teleoperation, 0), else_=1), col(Alert.raised_at_us).desc())
        )
        found: Any = session.exec(query.limit(MOST_LISTED)).all() if n else []
    return Unanswered(n, teleoperation, [Ended(alert, feed) for alert, feed in found])


def _waiting() -> ColumnElement[bool]:
    known = select(AlertAcknowledgement.id).where(AlertAcknowledgement.alert_id == Alert.id).exists()
    return ended_unanswered() & ~known


def acknowledge(store: Store, person_id: int, given: Acknowledgement) -> None:
    """Write down that somebody has seen these alerts; those that somebody has acknowledged already stay as they are.

    Raises NotAllowed, AlertNotWritten, and AnswerRefused for an alert that is still open.
    """
    with store.write() as session:
        require(session, person_id, Act.WATCH_FEEDS)
        alerts = _locked(session, given.alert_ids)
        query = select(AlertAcknowledgement.alert_id)
        done = set(session.exec(query.where(col(AlertAcknowledgement.alert_id).in_(given.alert_ids))))
        now_us = store.now_us(session)
        for alert in alerts:
            if alert.ended_at_us is None:
                raise AnswerRefused("This alert is still open; answer it.")
            if alert.id not in done:
                row = AlertAcknowledgement(
                    token=given.token,
                    alert_id=alert.id,
                    person_id=person_id,
                    note=given.note.strip(),
                    acknowledged_at_us=now_us,
                )
                session.add(row)


def _locked(session: Session, alert_ids: list[str]) -> list[Alert]:
    """The alerts, held so that two operators do not acknowledge one of them at the same moment."""
    query = select(Alert).where(col(Alert.id).in_(alert_ids)).order_by(col(Alert.id)).with_for_update()
    alerts = list(session.exec(query))
    if len(alerts) < len(set(alert_ids)):
        raise AlertNotWritten("An alert is not written down yet; the acknowledgement is sent again.")
    return alerts
