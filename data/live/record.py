"""The record of a watch: when it began and lives, every change of a feed's level, every alert, every minute's counts.

The monitor writes in groups, from one thread, behind what it shows; nothing on screen waits for the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select, update

from data.proposals.runs import kept_run, planned_run
from data.store.opening import Store
from data.store.sealing import insert_rows
from data.store.tables import Alert, AlertClip, Dataset, Feed, FeedChange, Watch, WatchMinute
from data.text.addresses import without_password
from data.vocabulary import AlertEnd, FeedKind, ModelRole

DATA_SET = "monitor"
"""The dataset under which frames of live feeds stand; a folder of the workspace holds their pictures."""


@dataclass(frozen=True)
class KnownFeed:
    """A feed as it is described: its name, kind and address."""

    name: str
    kind: FeedKind
    source: str


@dataclass(frozen=True)
class AlertEnded:
    """An alert that is over without an operator's answer."""

    alert_id: str
    end: AlertEnd
    at_us: int


@dataclass
class Entries:
    """What is to be written next, in the order in which it happened."""

    changes: list[FeedChange] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    ended: list[AlertEnded] = field(default_factory=list)
    minutes: list[WatchMinute] = field(default_factory=list)
    clips: list[AlertClip] = field(default_factory=list)


@dataclass(frozen=True)
class Started:
    """A watch that has begun, and the ids of its feeds by name."""

    watch_id: int
    feed_ids: dict[str, int]


def start_watch(
    store: Store,
    feeds: Sequence[KnownFeed],
    *,
    model: str,
    endpoint: str,
    revision: str | None,
    snapshot: str | None,
    question: str,
    parameters: dict[str, Any],
    limits: dict[str, Any],
    pictures: Path,
    listens_at: str,
) -> Started:
    """Write down that a watch begins; alerts that an earlier one left open end. `pictures`: where frames are kept.

    Raises ProposalError as `planned_run` does.
    """
    planned = planned_run(
        store,
        role=ModelRole.MONITOR,
        model=model,
        revision=revision,
        source="monitor",
        question=question,
        parameters={**parameters, "snapshot": snapshot},
    )
    run = kept_run(store, planned)
    with store.write() as session:
        now_us = store.now_us(session)
        _end_left_open(session, now_us)
        _dataset(session, pictures, now_us)
        watch = Watch(
            run_id=run.id,
            endpoint=without_password(endpoint),
            snapshot=snapshot,
            limits=limits,
            listens_at=listens_at,
            started_at_us=now_us,
            seen_at_us=now_us,
        )
        session.add(watch)
        session.flush()
        return Started(int(watch.id or 0), {feed.name: _feed_id(session, feed, now_us) for feed in feeds})


def _end_left_open(session: Session, now_us: int) -> None:
    for alert in session.exec(select(Alert).where(col(Alert.ended_at_us).is_(None)).with_for_update()):
        alert.ended_at_us, alert.end = now_us, AlertEnd.MONITOR_ENDED


def _dataset(session: Session, pictures: Path, now_us: int) -> None:
    dataset = session.exec(select(Dataset).where(Dataset.name == DATA_SET)).first()
    dataset = dataset or Dataset(name=DATA_SET, kind=DATA_SET, dataroot="", ingested_at_us=now_us)
    dataset.dataroot = str(pictures.resolve())
    session.add(dataset)


def _feed_id(session: Session, known: KnownFeed, now_us: int) -> int:
    feed = session.exec(select(Feed).where(Feed.name == known.name)).first()
    feed = feed or Feed(name=known.name, kind=known.kind, source="", added_at_us=now_us)
    feed.kind, feed.source = known.kind, without_password(known.source)
    session.add(feed)
    session.flush()
    return int(feed.id or 0)


def record(store: Store, watch_id: int, entries: Entries) -> None:
    """Write what happened, as a whole, with a sign of life.

    The entries stay as they are, so that they can be written again if this fails at its very end. An alert that is
    there already, since only the word that it was written got lost, is not written twice.
    """
    with store.write() as session:
        session.exec(update(Watch).where(col(Watch.id) == watch_id).values(seen_at_us=store.now_us(session)))
        for minute in entries.minutes:
            session.merge(minute)
        insert_rows(session, FeedChange, [one.model_dump(exclude={"id"}) for one in entries.changes])
        there = select(Alert.id).where(col(Alert.id).in_([one.id for one in entries.alerts]))
        known = set(session.exec(there))
        insert_rows(session, Alert, [one.model_dump() for one in entries.alerts if one.id not in known])
        for one in entries.ended:
            alert = session.get(Alert, one.alert_id, with_for_update=True)
            if alert is not None and alert.ended_at_us is None:
                alert.ended_at_us, alert.end = one.at_us, one.end
        _insert_clips(session, entries.clips)


def _insert_clips(session: Session, clips: list[AlertClip]) -> None:
    """Clips of alerts that the store has, once. A monitor that was killed may leave one of an alert never written."""
    ids = [one.alert_id for one in clips]
    known = set(session.exec(select(Alert.id).where(col(Alert.id).in_(ids))))
    there = set(session.exec(select(AlertClip.alert_id).where(col(AlertClip.alert_id).in_(ids))))
    fresh = {one.alert_id: one for one in clips if one.alert_id in known - there}
    insert_rows(session, AlertClip, [one.model_dump() for one in fresh.values()])


def end_watch(store: Store, watch_id: int) -> None:
    """Write down that a watch is over, and its open alerts with it."""
    with store.write() as session:
        now_us = store.now_us(session)
        _end_left_open(session, now_us)
        watch = session.get_one(Watch, watch_id)
        watch.ended_at_us = watch.seen_at_us = now_us


def current_watch(session: Session) -> Watch | None:
    """The watch that runs, or the last that did."""
    return session.exec(select(Watch).order_by(col(Watch.id).desc()).limit(1)).first()
