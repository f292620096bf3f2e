from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from sqlmodel import select

from data.errors import AlertNotWritten, AnswerRefused, NotAllowed
from data.live.alerts import AlertAnswer, alerts_shown, answer_alert
from data.store.opening import Store
from data.store.tables import Alert, OperatorAnswer, Watch
from data.vocabulary import AlertEnd, PersonRole, Response, TriageLevel
from tests.builders import a_person, an_empty_store
from tests.data.feeds import a_watch, an_alert


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return an_empty_store(tmp_path / "workspace")


def an_answer(alert: str, response: Response = Response.TAKEN_OVER, **changes: object) -> AlertAnswer:
    given = {"token": f"token-{alert}-{response.value}", "alert_id": alert, "response": response, **changes}
    return AlertAnswer.model_validate(given)


def test_taking_over_ends_the_alert_and_keeps_who_and_how_long(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path))
    ada = a_person(store, "ada", PersonRole.OPERATOR)
    alerts_shown(store, ada, [alert])
    answer_alert(store, ada, an_answer(alert, seconds_shown=1.4))
    with store.read() as session:
        row, answer = session.get_one(Alert, alert), session.exec(select(OperatorAnswer)).one()
    assert (row.end, row.ended_at_us) == (AlertEnd.TAKEN_OVER, answer.answered_at_us)
    assert row.shown_at_us is not None
    assert answer.answered_at_us >= row.shown_at_us
    assert (answer.person_id, answer.response, answer.seconds_shown) == (ada, Response.TAKEN_OVER, 1.4)


def test_watching_leaves_it_open_for_somebody_to_take_over(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path))
    ada, ben = (a_person(store, name, PersonRole.OPERATOR) for name in ("ada", "ben"))
    answer_alert(store, ada, an_answer(alert, Response.WATCHING))
    answer_alert(store, ben, an_answer(alert, Response.TAKEN_OVER))
    with store.read() as session:
        assert session.get_one(Alert, alert).end is AlertEnd.TAKEN_OVER


def test_of_two_operators_one_takes_it_and_the_other_is_told_who(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path))
    people = [a_person(store, name, PersonRole.OPERATOR) for name in ("ada", "ben")]
    said: list[str] = []

    def take(person: int) -> None:
        try:
            answer_alert(store, person, an_answer(alert, token=f"token-of-{person:04}"))
            said.append("taken")
        except AnswerRefused as refused:
            said.append(str(refused))

    threads = [Thread(target=take, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said)[-1] == "taken"
    assert any(text.startswith(("ada has taken it over", "ben has taken it over")) for text in said)
    with store.read() as session:
        assert len(session.exec(select(OperatorAnswer)).all()) == 1


def test_the_same_answer_sent_again_is_written_once(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path))
    ada = a_person(store, "ada", PersonRole.OPERATOR)
    first, again = (answer_alert(store, ada, an_answer(alert)) for _ in range(2))
    assert first.id == again.id


def test_not_needed_wants_a_reason(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path))
    ada = a_person(store, "ada", PersonRole.OPERATOR)
    with pytest.raises(AnswerRefused, match="why nothing is needed"):
        answer_alert(store, ada, an_answer(alert, Response.NOT_NEEDED))
    answer_alert(store, ada, an_answer(alert, Response.NOT_NEEDED, reason="A poster, not a person."))


def test_an_alert_that_rose_is_answered_at_its_new_level(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path), end=AlertEnd.ROSE)
    ada = a_person(store, "ada", PersonRole.OPERATOR)
    with pytest.raises(AnswerRefused, match="risen further"):
        answer_alert(store, ada, an_answer(alert))


def test_an_alert_that_calmed_by_itself_can_still_be_answered(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path), end=AlertEnd.CALMED)
    ada = a_person(store, "ada", PersonRole.OPERATOR)
    answer_alert(store, ada, an_answer(alert, Response.NOT_NEEDED, reason="It drove on."))
    with store.read() as session:
        assert session.get_one(Alert, alert).end is AlertEnd.CALMED


def test_annotators_answer_no_alerts(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path))
    with pytest.raises(NotAllowed, match="ada is an annotator and may not watch live feeds"):
        answer_alert(store, a_person(store, "ada"), an_answer(alert))


def test_a_new_watch_ends_the_alerts_that_the_last_one_left(store: Store, tmp_path: Path) -> None:
    alert = an_alert(store, a_watch(store, tmp_path), level=TriageLevel.TELEOPERATION)
    a_watch(store, tmp_path)
    with store.read() as session:
        assert session.get_one(Alert, alert).end is AlertEnd.MONITOR_ENDED
        assert "secret" not in session.get_one(Watch, 1).endpoint


def test_what_is_on_screen_before_it_is_written_is_said_again_and_keeps_its_time(
    store: Store, tmp_path: Path
) -> None:
    alert = an_alert(store, a_watch(store, tmp_path))
    ada = a_person(store, "ada", PersonRole.OPERATOR)
    assert alerts_shown(store, ada, [alert, "not-yet"], at_us=1_700_000_009_000_000) == ["not-yet"]
    with store.read() as session:
        assert session.get_one(Alert, alert).shown_at_us == 1_700_000_009_000_000
    with pytest.raises(AlertNotWritten, match="sent again"):
        answer_alert(store, ada, an_answer("not-yet"))
