"""Use cases of an operator: an alert is on screen, an alert is answered."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from data.errors import AlertNotWritten, AnswerRefused
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import Alert, OperatorAnswer, Person
from data.vocabulary import AlertEnd, Response

MAX_REASON_CHARS = 300


class AlertAnswer(BaseModel):
    """An operator's answer as it comes from the browser; `token` is made once per answer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    token: str = Field(min_length=8, max_length=64)
    alert_id: str = Field(min_length=1, max_length=32)
    response: Response
    reason: str = Field(default="", max_length=MAX_REASON_CHARS)
    seconds_shown: float | None = Field(default=None, ge=0, le=86_400)


def alerts_shown(
    store: Store, person_id: int, alert_ids: list[str], *, at_us: int | None = None
) -> list[str]:
    """Write down, once, that alerts are on somebody's screen; returns those that the store does not have yet.

    at_us: when it was heard, where that was before now.
    """
    with store.write() as session:
        require(session, person_id, Act.WATCH_FEEDS)
        known = set(session.exec(select(Alert.id).where(col(Alert.id).in_(alert_ids))))
        fresh = select(Alert).where(col(Alert.id).in_(known), col(Alert.shown_at_us).is_(None))
        for alert in session.exec(fresh.order_by(Alert.id).with_for_update()):
            alert.shown_at_us = at_us or store.now_us(session)
        return [alert_id for alert_id in alert_ids if alert_id not in known]


def answer_alert(store: Store, person_id: int, given: AlertAnswer) -> OperatorAnswer:
    """Write one answer, or give back the one that this token already wrote.

    Of two operators who answer at the same moment one comes first; the other is told who. An alert that calmed
    down by itself can still be answered: what was done about it is worth knowing.

    Raises NotAllowed, AlertNotWritten, and AnswerRefused: somebody else ended the alert, it has risen since, or
    *not needed* comes without a reason.
    """
    with store.write() as session:
        require(session, person_id, Act.WATCH_FEEDS)
        written = session.exec(select(OperatorAnswer).where(OperatorAnswer.token == given.token)).first()
        if written is not None:
            return _same(written, person_id, given)
        alert = session.get(Alert, given.alert_id)
        if alert is None:
            raise AlertNotWritten("This alert is not written down yet; the answer is sent again.")
        _require_open(session, alert)
        if given.response is Response.NOT_NEEDED and not given.reason.strip():
            raise AnswerRefused("Say in a word why nothing is needed.")
        now_us = store.now_us(session)
        answer = OperatorAnswer(
            token=given.token,
            alert_id=alert.id,
            person_id=person_id,
            response=given.response,
            reason=given.reason.strip(),
            seconds_shown=given.seconds_shown,
            answered_at_us=now_us,
        )
        session.add(answer)
        end = given.response.end
        if end is not None and alert.ended_at_us is None:
            alert.ended_at_us, alert.end = now_us, end
        alert.shown_at_us = alert.shown_at_us or now_us
        return answer


def _same(written: OperatorAnswer, person_id: int, given: AlertAnswer) -> OperatorAnswer:
    if written.person_id != person_id or written.alert_id != given.alert_id:
        raise AnswerRefused("This answer's token belongs to another answer; answer again.")
    return written


def _require_open(session: Session, alert: Alert) -> None:
    if alert.end in (AlertEnd.TAKEN_OVER, AlertEnd.NOT_NEEDED):
        who, at = _ended_by(session, alert)
        did = "has taken it over" if alert.end is AlertEnd.TAKEN_OVER else "has said that nothing is needed"
        raise AnswerRefused(f"{who} {did} at {at:%H:%M:%S} UTC.")
    if alert.end is AlertEnd.ROSE:
        raise AnswerRefused("This feed has risen further since; answer its new alert.")


def _ended_by(session: Session, alert: Alert) -> tuple[str, datetime]:
    query = (
        select(Person.display_name, OperatorAnswer.answered_at_us)
        .join(OperatorAnswer, col(OperatorAnswer.person_id) == Person.id)
        .where(
            OperatorAnswer.alert_id == alert.id,
            col(OperatorAnswer.response).in_([one for one in Response if one.end]),
        )
        .order_by(col(OperatorAnswer.id))
    )
    name, at_us = session.exec(query).first() or ("Somebody else", alert.ended_at_us or 0)
    return name, datetime.fromtimestamp(at_us / 1e6, tz=UTC)


def answers_since(session: Session, watch_id: int, after_id: int) -> list[tuple[OperatorAnswer, Person]]:
    """Answers to a watch's alerts that were written after one, oldest first, with who gave them."""
    query = (
        select(OperatorAnswer, Person)
        .join(Alert, col(Alert.id) == OperatorAnswer.alert_id)
        .join(Person, col(Person.id) == OperatorAnswer.person_id)
        .where(Alert.watch_id == watch_id, col(OperatorAnswer.id) > after_id)
        .order_by(col(OperatorAnswer.id))
    )
    return list(session.exec(query))
