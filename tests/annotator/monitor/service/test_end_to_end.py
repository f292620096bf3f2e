"""Recorded scenes through the monitor, an operator's answers, their frames into review, people's verdicts, training.

`TELETRIAGE_MONITOR_SECONDS=60` runs the recording for a minute; the suite runs a few seconds of it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from sqlmodel import select

from annotator.monitor.rules.limits import Limits
from annotator.monitor.service.run import PICTURES, Asked, run_monitor
from annotator.monitor.shift_report import shift_report
from annotator.monitor.sources.feed_sheet import FeedEntry, FeedSheet
from annotator.monitor.watching.monitor import Monitor
from annotator.review_order.ranking import rank_frames
from data.live.alerts import AlertAnswer, alerts_shown, answer_alert
from data.live.returned_frames import return_disagreements
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import Alert, Frame, FrameStatus, OperatorAnswer, ReturnedFrame, Scene
from data.verification.verified_frames import verified_frames
from data.vocabulary import PersonRole, Response, Split, TriageLevel, VerificationState
from tests.annotator.monitor.watched_feeds import a_model
from tests.builders import a_filename, a_person, a_store, reviewed

A, S, T = TriageLevel
SECONDS = float(os.environ.get("TELETRIAGE_MONITOR_SECONDS", "6"))
SCENES = {f"scene-{number:04}": 12 for number in range(1, 7)}
RECORDED = (A, A, S, S, T, T, T, S, S, A, A, A)


def test_from_recorded_scenes_to_frames_that_people_verified(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes=SCENES, teacher=A)
    olga = a_person(store, "olga", PersonRole.OPERATOR)
    limits = Limits(agreeing=2, calm_s=0.4, random_share=0.0)
    with a_model() as (stand_in, model):
        for scene in SCENES:
            for position, level in enumerate(RECORDED):
                picture = (tmp_path / "dataroot" / a_filename(scene, position)).read_bytes()
                model.will_say(picture, level)
        sheet = FeedSheet(feeds=[FeedEntry(name=f"van-{scene[-1]}", scene=scene) for scene in SCENES])
        asked = Asked((stand_in.url,), "tiny-vl", snapshot="snap-1", for_s=SECONDS)
        done = asyncio.run(_run(store, sheet, asked, limits, tmp_path / PICTURES, olga))
    assert done >= 6
    _everything_was_answered_and_came_back(store)
    _people_decide(store)


async def _run(
    store: Store, sheet: FeedSheet, asked: Asked, limits: Limits, pictures: Path, olga: int
) -> int:
    ready: asyncio.Future[Monitor] = asyncio.get_running_loop().create_future()
    watching = asyncio.create_task(
        run_monitor(store, sheet, asked, limits, pictures, ready=lambda monitor, _: ready.set_result(monitor))
    )
    await ready
    while not watching.done():
        await asyncio.to_thread(_operate, store, olga)
        await asyncio.sleep(0.1)
    return (await watching).alerts


def _operate(store: Store, olga: int) -> None:
    """Take over what rises to TELEOPERATION on the odd vans, and say of the even ones that nothing is needed."""
    with store.read() as session:
        answered = select(OperatorAnswer.alert_id)
        query = select(Alert).where(Alert.level == T, Alert.id.not_in(answered))  # type: ignore[attr-defined]
        alerts = list(session.exec(query))
    for alert in alerts:
        alerts_shown(store, olga, [alert.id])
        response = Response.TAKEN_OVER if alert.feed_id % 2 else Response.NOT_NEEDED
        given = {
            "token": f"token-{alert.id}",
            "alert_id": alert.id,
            "response": response,
            "reason": "A poster",
        }
        answer_alert(store, olga, AlertAnswer.model_validate(given))


def _everything_was_answered_and_came_back(store: Store) -> None:
    return_disagreements(store)
    with store.read() as session:
        alerts = {alert.id: alert for alert in session.exec(select(Alert).where(Alert.level == T))}
        answers = list(session.exec(select(OperatorAnswer)))
        came = list(session.exec(select(ReturnedFrame)))
        split = {scene.id: scene.split for scene in session.exec(select(Scene))}
        frames = {frame.id: frame for frame in session.exec(select(Frame))}
    assert {answer.alert_id for answer in answers} == set(alerts)
    disagreed = {
        alerts[answer.alert_id].source_frame_id
        for answer in answers
        if answer.response is Response.NOT_NEEDED
    }
    wanted = {frame for frame in disagreed if frame and split[frames[frame].scene_id] is Split.TRAIN}
    assert {one.frame_id for one in came} == wanted
    assert all(split[frames[one.frame_id].scene_id] is Split.TRAIN for one in came)
    report = shift_report(store, hours=1.0)
    assert report["alerts"]["n"] >= len(alerts)
    assert report["operator_response_s"]["n"] == len(answers)


def _people_decide(store: Store) -> None:
    with store.read() as session:
        came = [one.frame_id for one in session.exec(select(ReturnedFrame))]
        states = {row.frame_id: row.state for row in session.exec(select(FrameStatus))}
    assert came, "every even van replayed a held-out scene"
    assert {states[frame] for frame in came} == {VerificationState.AWAITING}
    rank_frames(store)
    ada = a_person(store, "ada")
    assert set(came) <= {one.frame.id for one in lease_frames(store, ada, n=200)}
    reviewed(store, ada, came[0], S)
    with store.read() as session:
        verified = {one.frame.id: one.level for one in verified_frames(session, Split.TRAIN)}
    assert verified == {came[0]: S}
