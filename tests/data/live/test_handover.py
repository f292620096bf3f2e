from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import col, select

from data.errors import AnswerRefused
from data.live.handover import Confirmation, HandoverWords, confirm_handover, hand_over, waiting_handover
from data.live.record import Entries, record
from data.live.shift import last_hour
from data.store.opening import Store
from data.store.tables import FeedChange, TrailEntry
from data.vocabulary import AlertEnd, ManualReason, PersonRole, TrailAct, TriageLevel
from tests.builders import a_person, an_empty_store
from tests.data.feeds import START_US, a_watch, an_alert

pytestmark = pytest.mark.each_store
A, S, T = TriageLevel


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return an_empty_store(tmp_path / "workspace")


def test_a_shift_is_handed_over_with_what_is_open_and_the_next_operator_confirms_it(
    store: Store, tmp_path: Path
) -> None:
    watch = a_watch(store, tmp_path, "van", "bus")
    asking = an_alert(store, watch, T)
    missed = an_alert(store, watch, S, feed="bus", end=AlertEnd.CALMED)
    by_eye = FeedChange(
        watch_id=watch.watch_id,
        feed_id=watch.feed_ids["bus"],
        manual=ManualReason.FROZEN,
        changed_at_us=START_US,
    )
    record(store, watch.watch_id, Entries(changes=[by_eye]))
    olga, otto = (a_person(store, name, PersonRole.OPERATOR) for name in ("olga", "otto"))
    given = HandoverWords(token="token-0001", words=" The bus camera hangs. ")
    first = hand_over(store, olga, given, [("gate", "Otto")])
    assert hand_over(store, olga, given).id == first.id
    assert first.words == "The bus camera hangs."
    assert first.state == {
        "open_alerts": [{"alert": asking, "feed": "van", "level": "TELEOPERATION"}],
        "unanswered": 1,
        "unanswered_teleoperation": 0,
        "by_eye": [{"feed": "bus", "manual": "frozen"}],
        "taken_over": [{"feed": "gate", "by": "Otto"}],
    }
    assert missed
    waiting = waiting_handover(store)
    assert waiting is not None
    assert (waiting.handover.id, waiting.by) == (first.id, "olga")
    confirm_handover(store, otto, Confirmation(token="token-0002", handover_id=int(first.id or 0)))
    assert waiting_handover(store) is None
    with store.read() as session:
        acts = session.exec(select(TrailEntry.act, TrailEntry.person_id).order_by(col(TrailEntry.id))).all()
    assert acts[-2:] == [(TrailAct.HANDED_OVER, olga), (TrailAct.CONFIRMED_HANDOVER, otto)]


def test_nobody_confirms_their_own_handover_and_a_second_confirmation_changes_nothing(
    store: Store, tmp_path: Path
) -> None:
    olga, otto, ina = (a_person(store, name, PersonRole.OPERATOR) for name in ("olga", "otto", "ina"))
    first = hand_over(store, olga, HandoverWords(token="token-0001", words=""))
    its = int(first.id or 0)
    with pytest.raises(AnswerRefused, match="You handed over yourself"):
        confirm_handover(store, olga, Confirmation(token="token-0002", handover_id=its))
    confirm_handover(store, otto, Confirmation(token="token-0003", handover_id=its))
    again = confirm_handover(store, ina, Confirmation(token="token-0004", handover_id=its))
    assert again.person_id == otto


def test_a_later_handover_takes_the_place_of_one_that_nobody_confirmed(store: Store, tmp_path: Path) -> None:
    olga = a_person(store, "olga", PersonRole.OPERATOR)
    hand_over(store, olga, HandoverWords(token="token-0001", words="first"))
    second = hand_over(store, olga, HandoverWords(token="token-0002", words="second"))
    waiting = waiting_handover(store)
    assert waiting is not None
    assert waiting.handover.id == second.id


def test_the_last_hour_shows_who_has_the_shift_and_an_alert_behind_any_number_of_lost_feeds(
    store: Store, tmp_path: Path
) -> None:
    watch = a_watch(store, tmp_path)
    olga, otto = (a_person(store, name, PersonRole.OPERATOR) for name in ("olga", "otto"))
    handed = hand_over(store, olga, HandoverWords(token="token-0001", words=""))
    confirm_handover(store, otto, Confirmation(token="token-0002", handover_id=int(handed.id or 0)))
    lost = [
        FeedChange(
            watch_id=watch.watch_id,
            feed_id=watch.feed_ids["van"],
            manual=None if second % 2 else ManualReason.NOT_CARRIED,
            changed_at_us=handed.handed_over_at_us + second * 1_000_000,
        )
        for second in range(1, 200)
    ]
    record(store, watch.watch_id, Entries(changes=lost))
    told = [one["text"] for one in last_hour(store)]
    assert told[-2:] == ["otto confirmed the handover", "olga handed the shift over"]
    assert told.count("van: manual monitoring (capacity exceeded)") == 15
