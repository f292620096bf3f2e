"""Use case: put the review order into the store, so that serving the next frame is one query, and keep it there as
reviews arrive."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping

import numpy as np
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, func, select

from annotator.review_order import expected_cost
from annotator.review_order.facts import Floats, FrameRow, frame_rows, pool_of, read_facts, reviewed_of
from annotator.review_order.same_alert import frames_of_alerts, together
from data.hashing import seeded_chance
from data.review.audit_lots import latest_lot, lot_state
from data.review.blind_audits import found_misses
from data.store.opening import Store
from data.store.tables import AuditEnd, FrameStatus, RandomShare, Ranking, ReturnedFrame, Review
from data.vocabulary import Split

RANDOM_SHARE = 0.10
"""The share of training frames reviewed at random, so that estimates over all frames stay unbiased."""
AUDIT_FIRST = 100.0
"""What an audit's frames have above everything else but the neighbours of a found miss."""
WHOLE_RANKING_FRAMES = 5_000
"""Up to this many frames every new review moves the order; beyond it, a batch or a found miss does."""
POLL_S, REST = 5.0, 30
"""How often reviews are looked for, and how many times as long as an ordering took nothing is ordered after it: an
ordering takes the processor and the store away from people, and at most a thirtieth of them is what it may have."""
_log = logging.getLogger(__name__)


def rank_frames(store: Store) -> int:
    """Order every frame that can be reviewed; returns how many there are.

    Held-out frames are judged blind, so their place must tell nothing: they take the places of training frames
    at random (seeded by the frame). A tenth of the training frames takes random places too. While an audit is open
    its frames come first in their random order, behind the neighbours of misses.
    """
    begun = time.perf_counter()
    facts = read_facts(store)
    rows = frame_rows(facts)
    train = [row for row in rows if row.split is Split.TRAIN]
    terms = expected_cost.terms(pool_of(train, facts), *reviewed_of(train, facts))
    places = _at_random(train, _by_cost(train, terms))
    with store.write(alone=True) as session:
        _draw_random_share(session, train)
        is_open = {row.frame_id: places[row.frame_id] for row in train if row.is_open}
        places.update(together(is_open, frames_of_alerts(session)))
        places.update(_audited(session, train, places))
        held_out = [row for row in rows if row.split is Split.HELD_OUT]
        places.update(_held_out(held_out, [sum(places[row.frame_id].values()) for row in train]))
        _store(session, places)
        seconds = time.perf_counter() - begun
        now_us = store.now_us(session)
        session.add(
            Ranking(reviews=len(facts.reviews), frames=len(rows), seconds=seconds, ranked_at_us=now_us)
        )
    return len(rows)


def rank_if_due(store: Store) -> bool:
    """Order the frames again if enough was said since the last time; whether it was done.

    Small stores follow every review. Large ones follow every batch after which the regression is refitted, and
    every found miss.
    """
    with store.read() as session:
        last = session.exec(select(Ranking).order_by(col(Ranking.id).desc()).limit(1)).first()
        new = _review_count(session) - (last.reviews if last else 0)
        due = (
            last is None
            or _returned_since(session, last.ranked_at_us)
            or _lot_changed_since(session, last.ranked_at_us)
            or (
                new > 0
                and (
                    last.frames <= WHOLE_RANKING_FRAMES
                    or new >= expected_cost.REFIT_EVERY
                    or _found_a_miss_since(session, last.ranked_at_us)
                )
            )
        )
    if due:
        rank_frames(store)
    return due


def keep_ranking(store: Store) -> threading.Thread:
    """Follow the reviews in the background until the store is closed."""

    def follow() -> None:
        took_s = 0.0
        while not store.closed.wait(max(POLL_S, REST * took_s)):
            begun = time.perf_counter()
            try:
                rank_if_due(store)
            except Exception:  # noqa: BLE001 - people go on reviewing in the last order
                _log.exception("The order of review could not be renewed; the last one stands.")
            took_s = time.perf_counter() - begun

    thread = threading.Thread(target=follow, name="ranking", daemon=True)
    thread.start()
    return thread


def _found_a_miss_since(session: Session, time_us: int) -> bool:
    found = set(found_misses(session))
    query = select(Review.frame_id).where(Review.reviewed_at_us > time_us)
    return not {str(frame_id) for frame_id in session.exec(query)}.isdisjoint(found)


def _returned_since(session: Session, time_us: int) -> bool:
    query = select(ReturnedFrame.frame_id).where(ReturnedFrame.returned_at_us > time_us).limit(1)
    return session.exec(query).first() is not None


def _lot_changed_since(session: Session, time_us: int) -> bool:
    """Whether a lot was opened or ended, so that other frames come first."""
    lot = latest_lot(session)
    end = session.get(AuditEnd, lot.id) if lot else None
    return any(at_us > time_us for at_us in (lot and lot.opened_at_us, end and end.ended_at_us) if at_us)


def _review_count(session: Session) -> int:
    return int(session.exec(select(func.count(col(Review.id)))).one())


def _by_cost(rows: list[FrameRow], terms: Mapping[str, Floats]) -> dict[str, dict[str, float]]:
    rounded = {name: np.round(values, 4).tolist() for name, values in terms.items()}
    return {
        row.frame_id: {name: values[index] for name, values in rounded.items()}
        for index, row in enumerate(rows)
    }


def _at_random(rows: list[FrameRow], places: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """The same places, with those of the random share spread evenly over what is still open."""
    drawn = [row for row in rows if row.is_open and row.is_drawn and is_in_random_share(row.frame_id)]
    others = [sum(places[row.frame_id].values()) for row in rows if row.is_open]
    line = sorted(others, reverse=True)
    drawn.sort(key=lambda row: seeded_chance("place", row.frame_id))
    for number, row in enumerate(drawn):
        places[row.frame_id] = {"random": line[(2 * number + 1) * len(line) // (2 * len(drawn))]}
    return places


def is_in_random_share(frame_id: str) -> bool:
    """Whether a training frame belongs to the tenth that is reviewed at random; seeded by the frame."""
    return seeded_chance("share", frame_id) < RANDOM_SHARE


def _draw_random_share(session: Session, rows: list[FrameRow]) -> None:
    """Record the random share, once per frame, with the probability of its draw."""
    known = set(session.exec(select(RandomShare.frame_id)))
    session.add_all(
        RandomShare(
            frame_id=row.frame_id,
            inclusion_probability=RANDOM_SHARE,
            place=seeded_chance("place", row.frame_id),
        )
        for row in rows
        if row.frame_id not in known and row.is_drawn and is_in_random_share(row.frame_id)
    )


def _audited(
    session: Session, rows: list[FrameRow], places: Mapping[str, dict[str, float]]
) -> dict[str, dict[str, float]]:
    """Places of the open audit's frames, and of what comes before them: neighbours of misses, second reviews."""
    state = lot_state(session)
    waiting = state.waiting if state and state.is_open else []
    session.exec(update(FrameStatus).where(col(FrameStatus.is_audit)).values(is_audit=False))
    if state is None or not waiting:
        return {}
    order = {frame_id: place for place, frame_id in enumerate(waiting)}
    for first in range(0, len(waiting), 500):
        part = col(FrameStatus.frame_id).in_(waiting[first : first + 500])
        session.exec(update(FrameStatus).where(part).values(is_audit=True))
    first_in_line = {
        row.frame_id: {**places[row.frame_id], "before_the_audit": 2 * AUDIT_FIRST}
        for row in rows
        if row.is_open and row.frame_id not in order and places[row.frame_id].get("neighbour_of_miss")
    }
    audited = {
        frame_id: {"audit": AUDIT_FIRST + 1 - place / len(waiting)} for frame_id, place in order.items()
    }
    confirming = {frame_id: {"confirms_a_miss": 3 * AUDIT_FIRST} for frame_id in state.unconfirmed}
    return {**first_in_line, **audited, **confirming}


def _held_out(rows: list[FrameRow], priorities: list[float]) -> dict[str, dict[str, float]]:
    places = sorted(priorities) or [0.0]
    return {
        row.frame_id: {"random": places[int(seeded_chance("order", row.frame_id) * len(places))]}
        for row in rows
    }


def _store(session: Session, places: Mapping[str, Mapping[str, float]]) -> None:
    """Write the places that changed, in one statement."""
    before = dict(session.exec(select(FrameStatus.frame_id, FrameStatus.priority)).all())
    changed = [
        {"b_id": frame_id, "b_priority": priority, "b_terms": dict(terms)}
        for frame_id, terms in places.items()
        if abs((priority := round(sum(terms.values()), 4)) - before.get(frame_id, 0.0)) > 1e-9  # noqa: PLR2004
        or not before.get(frame_id)
    ]
    if changed:
        statement = (
            update(FrameStatus.__table__)  # type: ignore[attr-defined]
            .where(FrameStatus.__table__.c.frame_id == bindparam("b_id"))  # type: ignore[attr-defined]
            .values(priority=bindparam("b_priority"), priority_terms=bindparam("b_terms"))
        )
        session.connection().execute(statement, changed)
