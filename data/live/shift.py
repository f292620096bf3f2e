"""What happened on the monitor between two times, read back from the store."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, func, select

from data.live.unanswered import ended_unanswered
from data.store.opening import Store
from data.store.tables import (
    Alert,
    AlertAcknowledgement,
    Feed,
    FeedChange,
    HandoverConfirmation,
    OperatorAnswer,
    Person,
    ReturnedFrame,
    ShiftHandover,
    Watch,
    WatchMinute,
)
from data.vocabulary import AlertEnd, ManualReason, Response

HOUR_US = 3_600_000_000
MOST_EVENTS, MOST_OF_TRUST = 80, 30
"""Lines of the last hour; and those of lost trust among them, so that a model that cannot keep up hides no alert."""
Event = tuple[int, str, str | None]
_SECOND_US = 1_000_000
_NAMED = 3
_DID = {
    Response.TAKEN_OVER: "took over",
    Response.WATCHING: "watches",
    Response.NOT_NEEDED: "said that nothing is needed for",
}


MANUAL_WORDS = {
    ManualReason.STARTING: "it is starting",
    ManualReason.NOT_CARRIED: "capacity exceeded",
    ManualReason.NO_PICTURE: "no picture comes",
    ManualReason.UNREADABLE: "the picture cannot be read",
    ManualReason.BLACK: "the picture is black",
    ManualReason.FROZEN: "the picture is frozen",
    ManualReason.CLOCKS_APART: "its clock differs from ours",
    ManualReason.ENDPOINT_GONE: "model unreachable",
    ManualReason.ENDPOINT_SLOW: "the model answers too late",
    ManualReason.ANSWERS_WRONG: "the model's answers cannot be read",
    ManualReason.NO_ANSWER: "the model does not answer",
}


@dataclass(frozen=True)
class Shift:
    """Every row of a time span: watches that ran in it, their minutes, alerts, answers with their person and alert,
    frames that came back, and the changes of feeds with the last one of each before it. `unanswered`: ids of those
    alerts that ended without an answer; `acknowledged`: of those, the ones that somebody has acknowledged since."""

    from_us: int
    to_us: int
    watches: list[Watch]
    minutes: list[WatchMinute]
    alerts: list[Alert]
    answers: list[tuple[OperatorAnswer, Alert, Person]]
    returned: list[ReturnedFrame]
    changes: list[FeedChange]
    unanswered: set[str]
    acknowledged: set[str]


def read_shift(store: Store, *, hours: float) -> Shift:
    """The last so many hours until now."""
    with store.read() as session:
        to_us = store.now_us(session)
        from_us = to_us - int(hours * HOUR_US)
        missed = select(Alert.id).where(Alert.raised_at_us >= from_us, ended_unanswered())
        seen = select(AlertAcknowledgement.alert_id).where(col(AlertAcknowledgement.alert_id).in_(missed))
        return Shift(
            from_us,
            to_us,
            list(session.exec(select(Watch).where(Watch.seen_at_us >= from_us).order_by(col(Watch.id)))),
            list(session.exec(select(WatchMinute).where(WatchMinute.minute_at_us >= from_us))),
            list(session.exec(select(Alert).where(Alert.raised_at_us >= from_us))),
            _answers(session, from_us),
            list(session.exec(select(ReturnedFrame).where(ReturnedFrame.returned_at_us >= from_us))),
            _changes(session, from_us),
            set(session.exec(missed)),
            set(session.exec(seen)),
        )


def _answers(session: Session, from_us: int) -> list[tuple[OperatorAnswer, Alert, Person]]:
    query = (
        select(OperatorAnswer, Alert, Person)
        .join(Alert, col(Alert.id) == OperatorAnswer.alert_id)
        .join(Person, col(Person.id) == OperatorAnswer.person_id)
        .where(OperatorAnswer.answered_at_us >= from_us)
        .order_by(col(OperatorAnswer.id))
    )
    return list(session.exec(query))


def _changes(session: Session, from_us: int) -> list[FeedChange]:
    """What each feed showed from then on, and what it showed until then in the watches that went on."""
    running = select(Watch.id).where(Watch.seen_at_us >= from_us)
    before = (
        select(func.max(FeedChange.id))
        .where(FeedChange.changed_at_us < from_us, col(FeedChange.watch_id).in_(running))
        .group_by(col(FeedChange.watch_id), col(FeedChange.feed_id))
    )
    either = (col(FeedChange.changed_at_us) >= from_us) | col(FeedChange.id).in_(before)
    return list(session.exec(select(FeedChange).where(either).order_by(col(FeedChange.id))))


def last_hour(store: Store) -> list[dict[str, Any]]:
    """The newest things first, each with its time, one sentence in plain text and the alert that it is about, if any;
    80 at most."""
    with store.read() as session:
        from_us = store.now_us(session) - HOUR_US
        names = dict(session.exec(select(Feed.id, Feed.name)).all())
        events = [
            *_alert_events(session, from_us, names),
            *_answer_events(session, from_us, names),
            *_shift_events(session, from_us, names),
            *_trust_events(session, from_us, names)[-MOST_OF_TRUST:],
        ]
    events.sort(key=lambda event: event[0], reverse=True)
    return [
        {"at_us": at_us, "text": text, "alert": alert_id} for at_us, text, alert_id in events[:MOST_EVENTS]
    ]


def _alert_events(session: Session, from_us: int, names: dict[int | None, str]) -> list[Event]:
    query = select(Alert).where(Alert.raised_at_us >= from_us, ~col(Alert.called))
    query = query.order_by(col(Alert.raised_at_us).desc())
    events: list[Event] = []
    for alert in session.exec(query.limit(MOST_EVENTS)):
        name = names[alert.feed_id]
        events.append((alert.raised_at_us, f"{name}: {alert.level.value}", alert.id))
        if alert.end is AlertEnd.CALMED and alert.ended_at_us is not None:
            events.append((alert.ended_at_us, f"{name}: AUTONOMY again", alert.id))
    return events


def _answer_events(session: Session, from_us: int, names: dict[int | None, str]) -> list[Event]:
    return [
        (answer.answered_at_us, _answer_sentence(answer, names[alert.feed_id], person), alert.id)
        for answer, alert, person in _answers(session, from_us)[-MOST_EVENTS:]
    ]


def _answer_sentence(answer: OperatorAnswer, feed: str, person: Person) -> str:
    why = f" ({answer.reason})" if answer.reason else ""
    return f"{person.display_name} {_DID[answer.response]} {feed}{why}"


def _shift_events(session: Session, from_us: int, names: dict[int | None, str]) -> list[Event]:
    """Acknowledgements, with the alert they are about, and handovers with their confirmations."""
    seen = (
        select(AlertAcknowledgement, Alert, Person.display_name)
        .join(Alert, col(Alert.id) == AlertAcknowledgement.alert_id)
        .join(Person, col(Person.id) == AlertAcknowledgement.person_id)
        .where(AlertAcknowledgement.acknowledged_at_us >= from_us)
        .order_by(col(AlertAcknowledgement.id).desc())
    )
    handed = (
        select(ShiftHandover.handed_over_at_us, Person.display_name)
        .join(Person, col(Person.id) == ShiftHandover.person_id)
        .where(ShiftHandover.handed_over_at_us >= from_us)
    )
    confirmed = (
        select(HandoverConfirmation.confirmed_at_us, Person.display_name)
        .join(Person, col(Person.id) == HandoverConfirmation.person_id)
        .where(HandoverConfirmation.confirmed_at_us >= from_us)
    )
    events: list[Event] = [
        *((at_us, f"{who} handed the shift over", None) for at_us, who in session.exec(handed)),
        *((at_us, f"{who} confirmed the handover", None) for at_us, who in session.exec(confirmed)),
    ]
    for row, alert, who in session.exec(seen.limit(MOST_EVENTS)):
        why = f" ({row.note})" if row.note else ""
        events.append((row.acknowledged_at_us, f"{who} acknowledged {names[alert.feed_id]}{why}", alert.id))
    return events


def _trust_events(session: Session, from_us: int, names: dict[int | None, str]) -> list[Event]:
    """Losses of trust and their ends; those of one second and reason are one line however many feeds they are."""
    query = select(FeedChange).where(FeedChange.changed_at_us >= from_us)
    query = query.order_by(col(FeedChange.changed_at_us).desc()).limit(2000)
    lost: dict[tuple[int, ManualReason | None], list[FeedChange]] = defaultdict(list)
    by_eye: set[int] = set()
    for change in sorted(session.exec(query), key=lambda one: one.changed_at_us):
        was_by_eye = change.feed_id in by_eye
        if change.manual is not None:
            by_eye.add(change.feed_id)
        by_eye -= {change.feed_id} if change.manual is None else set()
        if change.manual is not None or was_by_eye:
            lost[change.changed_at_us // _SECOND_US, change.manual].append(change)
    return [(changes[0].changed_at_us, _trust_sentence(changes, names), None) for changes in lost.values()]


def _trust_sentence(changes: list[FeedChange], names: dict[int | None, str]) -> str:
    feeds = sorted({names[change.feed_id] for change in changes})
    shown = feeds if len(feeds) <= _NAMED + 1 else feeds[:_NAMED]  # "and 1 more" is no shorter than its name
    who = ", ".join(shown) + (f" and {len(feeds) - _NAMED} more" if len(shown) < len(feeds) else "")
    manual = changes[0].manual
    return f"{who}: manual monitoring ({MANUAL_WORDS[manual]})" if manual else f"{who}: watched again"
