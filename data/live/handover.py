"""Use cases at the end of a shift: an operator hands over what is open, the next one confirms having read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, func, select

from data.errors import AnswerRefused
from data.live.record import current_watch
from data.live.unanswered import unanswered_alerts
from data.people.permissions import Act, require
from data.store.opening import Store
from data.store.tables import Alert, Feed, FeedChange, HandoverConfirmation, Person, ShiftHandover
from data.vocabulary import ManualReason

MAX_WORDS_CHARS = 2000


class HandoverWords(BaseModel):
    """What an operator writes to the next, as it comes from the browser; `token` is made once per handover."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    token: str = Field(min_length=8, max_length=64)
    words: str = Field(default="", max_length=MAX_WORDS_CHARS)


class Confirmation(BaseModel):
    """That the next operator has read a handover, as it comes from the browser."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    token: str = Field(min_length=8, max_length=64)
    handover_id: int


@dataclass(frozen=True)
class WaitingHandover:
    """A handover that nobody has confirmed, and who wrote it."""

    handover: ShiftHandover
    by: str


def open_matters(store: Store, taken_over: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """What a shift leaves behind now: open alerts, alerts that ended unanswered, feeds that need a person's eyes, and
    feeds that somebody has taken over (feed, name), which the running monitor knows."""
    missed = unanswered_alerts(store)
    with store.read() as session:
        return {
            "open_alerts": _open_alerts(session),
            "unanswered": missed.n,
            "unanswered_teleoperation": missed.teleoperation,
            "by_eye": _by_eye(session),
            "taken_over": [{"feed": feed, "by": by} for feed, by in taken_over],
        }


def _open_alerts(session: Session) -> list[dict[str, Any]]:
    query = (
        select(Alert, Feed.name)
        .join(Feed, col(Feed.id) == Alert.feed_id)
        .where(col(Alert.ended_at_us).is_(None))
        .order_by(col(Alert.raised_at_us))
    )
    return [
        {"alert": alert.id, "feed": feed, "level": alert.level.value} for alert, feed in session.exec(query)
    ]


def _by_eye(session: Session) -> list[dict[str, Any]]:
    watch = current_watch(session)
    if watch is None or watch.ended_at_us is not None:
        return []
    latest = (
        select(func.max(FeedChange.id))
        .where(FeedChange.watch_id == watch.id)
        .group_by(col(FeedChange.feed_id))
    )
    query = (
        select(Feed.name, FeedChange.manual)
        .join(FeedChange, col(FeedChange.feed_id) == Feed.id)
        .where(col(FeedChange.id).in_(latest), col(FeedChange.manual).is_not(None))
        .order_by(Feed.name)
    )
    return [
        {"feed": feed, "manual": ManualReason(manual).value} for feed, manual in session.exec(query) if manual
    ]


def hand_over(
    store: Store, person_id: int, given: HandoverWords, taken_over: Sequence[tuple[str, str]] = ()
) -> ShiftHandover:
    """Write down what this shift leaves to the next, or give back what this token already wrote. Raises NotAllowed."""
    state = open_matters(store, taken_over)
    with store.write() as session:
        require(session, person_id, Act.WATCH_FEEDS)
        written = session.exec(select(ShiftHandover).where(ShiftHandover.token == given.token)).first()
        if written is not None:
            return written
        row = ShiftHandover(
            token=given.token,
            person_id=person_id,
            words=given.words.strip(),
            state=state,
            handed_over_at_us=store.now_us(session),
        )
        session.add(row)
        session.flush()
        return row


def confirm_handover(store: Store, person_id: int, given: Confirmation) -> HandoverConfirmation:
    """Write down that the next operator has read it, or give back who has. Raises NotAllowed and AnswerRefused."""
    with store.write() as session:
        require(session, person_id, Act.WATCH_FEEDS)
        query = select(ShiftHandover).where(ShiftHandover.id == given.handover_id).with_for_update()
        handover = session.exec(query).first()
        if handover is None:
            raise AnswerRefused(f"There is no handover {given.handover_id}.")
        if handover.person_id == person_id:
            raise AnswerRefused("You handed over yourself; the next operator confirms it.")
        done = session.exec(
            select(HandoverConfirmation).where(HandoverConfirmation.handover_id == handover.id)
        ).first()
        if done is not None:
            return done
        row = HandoverConfirmation(
            token=given.token,
            handover_id=given.handover_id,
            person_id=person_id,
            confirmed_at_us=store.now_us(session),
        )
        session.add(row)
        session.flush()
        return row


def waiting_handover(store: Store) -> WaitingHandover | None:
    """The latest handover, if nobody has confirmed it."""
    with store.read() as session:
        query = (
            select(ShiftHandover, Person.display_name, HandoverConfirmation.id)
            .join(Person, col(Person.id) == ShiftHandover.person_id)
            .join(
                HandoverConfirmation, col(HandoverConfirmation.handover_id) == ShiftHandover.id, isouter=True
            )
            .order_by(col(ShiftHandover.id).desc())
        )
        latest = session.exec(query.limit(1)).first()
    if latest is None or latest[2] is not None:
        return None
    return WaitingHandover(latest[0], latest[1])
