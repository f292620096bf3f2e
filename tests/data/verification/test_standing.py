"""A review stands until a later one supersedes it, in each of the rule's three forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlmodel import col, select

from data.review.reviews import submit_review
from data.review.serving import lease_frames
from data.store.tables import Review
from data.verification.standing import is_standing, standing, standing_flags
from data.vocabulary import Split
from tests.builders import A, S, T, a_decision, a_person, a_store, reviewed


@pytest.mark.each_store
def test_objects_columns_and_queries_agree_on_a_chain_of_changes(tmp_path: Path) -> None:
    store = a_store(tmp_path, teacher=A)
    ada, ben = a_person(store, "ada"), a_person(store, "ben")
    frame = next(one.frame.id for one in lease_frames(store, ada, n=50) if one.scene.split is Split.TRAIN)
    first = reviewed(store, ada, frame, S)
    second = submit_review(store, ada, a_decision(frame, T, person=ada, supersedes_id=first.id))
    other = reviewed(store, ben, frame, T)
    last = submit_review(store, ada, a_decision(frame, A, person=ada, supersedes_id=second.id))
    with store.read() as session:
        reviews = list(session.exec(select(Review).order_by(col(Review.id))))
        asked = session.exec(select(Review.id).where(is_standing()).order_by(col(Review.id))).all()
    ids = np.array([review.id for review in reviews])
    supersedes = np.array(
        [-1 if review.supersedes_id is None else review.supersedes_id for review in reviews]
    )
    expected = [other.id, last.id]
    assert [review.id for review in standing(reviews)] == expected
    assert ids[standing_flags(ids, supersedes)].tolist() == expected
    assert list(asked) == expected
