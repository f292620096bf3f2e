from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from annotator.monitor.shift_report import report_text, shift_report
from data.errors import AnswerRefused
from data.live.alerts import AlertAnswer, answer_alert
from data.live.unanswered import Acknowledgement, acknowledge, unanswered_alerts
from data.store.opening import Store
from data.store.tables import AlertAcknowledgement, TrailEntry
from data.vocabulary import AlertEnd, PersonRole, Response, TrailAct, TriageLevel
from tests.builders import a_person, an_empty_store
from tests.data.feeds import a_watch, an_alert

pytestmark = pytest.mark.each_store
A, S, T = TriageLevel
CALMED = AlertEnd.CALMED
FIRST = "token-0001"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return an_empty_store(tmp_path / "workspace")


def said(*alerts: str, token: str = FIRST, note: str = "") -> Acknowledgement:
    return Acknowledgement(token=token, alert_ids=list(alerts), note=note)


def test_an_alert_that_ends_without_an_answer_waits_until_somebody_acknowledges_it(
    store: Store, tmp_path: Path
) -> None:
    watch = a_watch(store, tmp_path, "van", "bus")
    first = an_alert(store, watch, S, end=CALMED)
    missed = an_alert(store, watch, T, feed="bus", end=CALMED)
    later = an_alert(store, watch, S, end=AlertEnd.MONITOR_ENDED)
    olga = a_person(store, "olga", PersonRole.OPERATOR)
    waiting = unanswered_alerts(store)
    assert [(one.alert.id, one.feed) for one in waiting.alerts] == [
        (missed, "bus"),
        (later, "van"),
        (first, "van"),
    ]
    assert (waiting.n, waiting.teleoperation) == (3, 1)
    acknowledge(store, olga, said(missed, note="A shadow."))
    assert [one.alert.id for one in unanswered_alerts(store).alerts] == [later, first]
    with store.read() as session:
        (row,) = session.exec(select(AlertAcknowledgement))
        act = session.exec(select(TrailEntry).where(TrailEntry.act == TrailAct.ACKNOWLEDGED_ALERT)).one()
    assert (row.alert_id, row.person_id, row.note) == (missed, olga, "A shadow.")
    assert (act.person_id, act.subject) == (olga, f"alert_acknowledgement:{row.id}")


def test_answered_risen_and_open_alerts_wait_for_nothing(store: Store, tmp_path: Path) -> None:
    watch = a_watch(store, tmp_path)
    olga = a_person(store, "olga", PersonRole.OPERATOR)
    for number, end in enumerate((AlertEnd.ROSE, None, CALMED)):
        alert = an_alert(store, watch, T, end=end)
        if end is CALMED:
            given = {"token": f"token-{number:04}", "alert_id": alert, "response": Response.WATCHING}
            answer_alert(store, olga, AlertAnswer.model_validate(given))
    assert unanswered_alerts(store).n == 0


def test_several_are_acknowledged_at_once_and_none_twice(store: Store, tmp_path: Path) -> None:
    watch = a_watch(store, tmp_path)
    one, two = (an_alert(store, watch, T, end=CALMED) for _ in range(2))
    olga, otto = (a_person(store, name, PersonRole.OPERATOR) for name in ("olga", "otto"))
    for person, token in ((olga, "token-0001"), (olga, "token-0001"), (otto, "token-0002")):
        acknowledge(store, person, said(one, two, token=token))
    with store.read() as session:
        rows = session.exec(select(AlertAcknowledgement)).all()
    assert [(row.person_id, row.alert_id) for row in rows] == [(olga, one), (olga, two)]


def test_an_alert_that_still_asks_is_answered_and_not_acknowledged(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path), T)
    olga = a_person(store, "olga", PersonRole.OPERATOR)
    with pytest.raises(AnswerRefused, match="still open"):
        acknowledge(store, olga, said(alert))


def test_the_shift_report_counts_what_ended_without_an_answer_and_what_nobody_acknowledged(
    store: Store, tmp_path: Path
) -> None:
    watch = a_watch(store, tmp_path)
    alerts = [an_alert(store, watch, level, end=CALMED) for level in (S, T, T)]
    acknowledge(store, a_person(store, "olga", PersonRole.OPERATOR), said(alerts[1]))
    report = shift_report(store, hours=10_000 * 24)
    assert report["ended_unanswered"] == {
        "n": 3,
        "by_level": {"SUPERVISION": 1, "TELEOPERATION": 2},
        "acknowledged": 1,
        "waiting": 2,
    }
    assert "3 alerts ended without an answer (2 TELEOPERATION); 2 not acknowledged" in report_text(report)
