from __future__ import annotations

import hashlib
from pathlib import Path

from sqlmodel import col, select

from annotator.review_order.ranking import rank_frames
from annotator.review_order.same_alert import frames_of_alerts
from data.live.alerts import AlertAnswer, answer_alert
from data.live.returned_frames import Candidate, Outcome, kept_picture, return_disagreements, return_frame
from data.store.tables import Alert, Frame, FrameStatus, ReturnedFrame
from data.vocabulary import PersonRole, Response, ReturnedFor, Split, TriageLevel
from tests.builders import a_person, a_picture, a_raw_reply, a_store
from tests.data.feeds import a_watch, an_alert

A, S, T = TriageLevel


def test_frames_of_one_alert_stand_together_and_what_chance_picked_stays_where_it_was(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={f"scene-{number:04}": 6 for number in range(1, 7)}, teacher=A)
    watch, olga = a_watch(store, tmp_path), a_person(store, "olga", PersonRole.OPERATOR)
    alert = an_alert(store, watch, T, folder=tmp_path)
    given = AlertAnswer(token="answer-of-olga", alert_id=alert, response=Response.NOT_NEEDED, reason="Fine")
    answer_alert(store, olga, given)
    assert return_disagreements(store) == [Outcome.RETURNED]
    with store.read() as session:
        risen_us = session.get_one(Alert, alert).captured_at_us

    def came(after_s: float, why: ReturnedFor) -> str:
        picture = a_picture(colour=(round(after_s) + 60, 10, 10))
        name = hashlib.sha256(picture).hexdigest()
        kept_picture(tmp_path / "monitor", name).write_bytes(picture)
        candidate = Candidate(
            watch_id=watch.watch_id,
            feed_id=watch.feed_ids["van"],
            captured_at_us=risen_us + round(after_s * 1e6),
            image_sha256=name,
            raw=a_raw_reply(A),
            level_probabilities=[0.9, 0.06, 0.04],
            why=why,
        )
        assert return_frame(store, candidate) is Outcome.RETURNED
        with store.read() as session:
            return session.exec(select(Frame.id).where(Frame.image_sha256 == name)).one()

    near, far, drawn = (
        came(3, ReturnedFor.BOUNDARY),
        came(40, ReturnedFor.BOUNDARY),
        came(4, ReturnedFor.RANDOM),
    )
    rank_frames(store)
    with store.read() as session:
        raised = session.exec(
            select(ReturnedFrame.frame_id).where(col(ReturnedFrame.alert_id) == alert)
        ).one()
        assert frames_of_alerts(session) == [[raised, near]]
        order = list(
            session.exec(
                select(FrameStatus.frame_id)
                .where(FrameStatus.split == Split.TRAIN)
                .order_by(col(FrameStatus.priority).desc())
            )
        )
        terms = {one: session.get_one(FrameStatus, one).priority_terms for one in (near, far, drawn)}
    assert order.index(near) == order.index(raised) + 1
    assert "same_alert" in terms[near]
    assert "same_alert" not in terms[far]
    assert "same_alert" not in terms[drawn]
