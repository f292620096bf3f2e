"""How long somebody watched is kept with their review, and nothing is judged by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select, text

from annotator.review_card.outbox import apply_outbox
from annotator.review_order.ranking import rank_frames
from data.maintenance.trail_check import verify_trail
from data.overview.personal_progress import reviews_today
from data.store.opening import Store
from data.store.tables import FrameStatus, Review
from tests.annotator.review_card.test_outbox import an_entry, held
from tests.builders import a_person, a_store
from tests.repository import ROOT

SCENES = {"scene-0001": 6, "scene-0002": 6}
KEEPS_IT = {
    "annotator/review_card/js/deciding.js",
    "data/review/reviews.py",
    "data/review/stack/judgements.py",
    "data/store/tables/reviews.py",
}


def test_seconds_played_are_written_once_with_the_review_and_are_sealed(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES)
    ada = a_person(store)
    first, second, third = held(store, ada)
    answers = apply_outbox(
        store,
        ada,
        [an_entry(first, seconds_played=2.5), an_entry(second), an_entry(third, seconds_played=-1)],
    )
    assert [one.saved for one in answers] == [True, True, False]
    with store.read() as session:
        assert session.exec(select(Review.seconds_played).order_by(col(Review.id))).all() == [2.5, None]
        assert verify_trail(session).breaks == []
    with pytest.raises(DBAPIError, match="review"), store.engine.begin() as connection:
        connection.execute(text("UPDATE review SET seconds_played = 0.5"))


def judged(store: Store, played: dict[str, Any]) -> tuple[object, ...]:
    """Everything by which a person or a frame is judged, after the same answers."""
    ada = a_person(store)
    apply_outbox(store, ada, [an_entry(frame, seconds_shown=4, **played) for frame in held(store, ada)])
    rank_frames(store)
    with store.read() as session:
        statuses = [
            one.model_dump() for one in session.exec(select(FrameStatus).order_by(FrameStatus.frame_id))
        ]
    return statuses, reviews_today(store, ada, offset_min=0)


def test_neither_the_order_of_review_nor_a_pace_follows_from_it(tmp_path: Path) -> None:
    played = judged(a_store(tmp_path / "played", scenes=SCENES), {"seconds_played": 30.0})
    assert played == judged(a_store(tmp_path / "not", scenes=SCENES), {})


def test_no_other_code_reads_it() -> None:
    found = {
        str(path.relative_to(ROOT))
        for package in ("annotator", "data", "eval", "training")
        for kind in ("*.py", "*.js", "*.jinja")
        for path in (ROOT / package).rglob(kind)
        if "migrations" not in path.parts and "seconds_played" in path.read_text(encoding="utf-8")
    }
    assert found == KEEPS_IT
