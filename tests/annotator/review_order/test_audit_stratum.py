from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from annotator.frame_grid.routes import act
from annotator.review_order.ranking import rank_frames
from data.errors import NotAllowed, ReviewRefused
from data.review.audit_lots import latest_lot, lot_state
from data.review.blind_audits import cancel_audit, open_audit
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import AuditFrame, AuditLot, TrailEntry
from data.vocabulary import Mode, PersonRole, Split, TrailAct
from eval.certificate.certificate import in_words, stratum_in_words
from eval.certificate.from_store import trust
from tests.builders import A, T, a_person, a_store, reviewed
from tests.data.review.test_reviews import frames_in


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, scenes={"scene-0001": 30, "scene-0002": 30}, teacher=A)


def frames_of_lot(store: Store, number: int) -> set[str]:
    with store.read() as session:
        return set(session.exec(select(AuditFrame.frame_id).where(AuditFrame.lot_id == number)))


def test_a_stratum_is_a_lot_of_what_was_picked_and_its_certificate_speaks_of_nothing_else(
    store: Store,
) -> None:
    lead, ada, ben = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada"), a_person(store, "ben")
    training, held_out = frames_in(store, Split.TRAIN), frames_in(store, Split.HELD_OUT)[0]
    picked = training[:12]
    with pytest.raises(NotAllowed):
        act(store, ada, {"act": "stratum", "frames": picked, "words": "low sun"})
    with pytest.raises(ReviewRefused, match="None of the 1 frames can be audited"):
        act(store, lead, {"act": "stratum", "frames": [held_out], "words": "low sun"})
    told = act(store, lead, {"act": "stratum", "frames": [*picked, held_out], "words": " low  sun "})
    assert (told["done"], len(told["refused"])) == (12, 1)
    assert frames_of_lot(store, 1) == set(picked)
    with pytest.raises(ReviewRefused, match="open already"):
        open_audit(store, lead)
    served = [one for one in lease_frames(store, ada, n=12) if one.scene.split is Split.TRAIN]
    assert {one.mode for one in served} == {Mode.BLIND}
    assert {one.frame.id for one in served} <= set(picked)

    found = trust(store)
    assert found.certificate is None  # nothing is said of the frames that nobody picked
    assert (list(found.strata), found.strata["low sun"].frames, found.lots[0].stratum) == (
        ["low sun"],
        12,
        "low sun",
    )
    words = " ".join(stratum_in_words("low sun", found.strata["low sun"]))
    assert "frames that a lead picked as low sun and of no others" in words
    assert "verified on the training side" not in words

    with store.read() as session:
        state = lot_state(session)
    assert state is not None
    for person in (ada, ben):
        reviewed(store, person, state.waiting[0], T)
    with store.read() as session:
        following = latest_lot(session)
    assert following is not None
    assert (following.id, following.stratum) == (2, "low sun")
    assert frames_of_lot(store, 2) < set(picked)  # the rest of what was picked, not of everything

    cancel_audit(store, lead, "enough of these")
    open_audit(store, lead)
    rank_frames(store)
    found = trust(store)
    assert found.certificate is not None
    assert (found.certificate.lot, found.lots[2].stratum) == (3, None)
    assert found.certificate.alpha < 0.05 / 6  # strata use up their part of the error of all lots together
    assert "low sun" not in " ".join(in_words(found.certificate, found.found, found.others)[0])
    with store.read() as session:
        assert [one.stratum for one in session.exec(select(AuditLot))] == ["low sun", "low sun", None]
        opened = session.exec(select(TrailEntry).where(TrailEntry.act == TrailAct.OPENED_AUDIT)).all()
    assert {one.subject for one in opened} >= {"audit_lot:1", "audit_lot:2", "audit_lot:3"}
