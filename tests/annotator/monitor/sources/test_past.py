"""What a live feed shows before its newest picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from annotator.monitor.sources.past import Past
from annotator.monitor.sources.recorded import Picture
from data.store.tables import ModelRun
from data.vlm.conversation import conversation_hash
from data.vlm.moment import Lookback
from data.vocabulary import ReplyForm, TriageLevel
from tests.annotator.monitor.watched_feeds import Desk, a_view, watch
from tests.builders import a_store


def a_past(*taken_s: float, lookback: Lookback = Lookback(3, 0.5)) -> Past:  # noqa: B008 - a value
    past = Past(lookback)
    for taken in taken_s:
        past.add(Picture(str(taken).encode()), taken)
    return past


@pytest.mark.parametrize(
    ("taken_s", "shown"),
    [
        ([0.0], []),
        ([0.0, 0.5], [b"0.0"]),
        ([0.0, 0.5, 1.0, 1.5], [b"0.5", b"1.0"]),
        ([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], [b"0.0"]),
        ([0.0, 5.0], []),
        ([0.0, 1.0, 2.0], [b"1.0"]),
    ],
)
def test_pictures_at_about_the_spacing_stand_before_the_newest_and_fewer_at_the_start(
    taken_s: list[float], shown: list[bytes]
) -> None:
    assert [one.picture.content for one in a_past(*taken_s).before(taken_s[-1])] == shown


def test_no_more_is_held_than_questions_look_back() -> None:
    past = a_past(*(number / 10 for number in range(1000)))
    assert len(past._held) <= 16
    single = a_past(1.0, 2.0, lookback=Lookback())
    assert (len(single._held), single.before(2.0)) == (0, [])


def test_a_watch_sends_the_feed_s_own_earlier_pictures_and_its_run_says_so(tmp_path: Path) -> None:
    store, lookback = a_store(tmp_path), Lookback(3, 0.5)

    async def scenario(desk: Desk) -> None:
        await desk.picture(TriageLevel.AUTONOMY)
        feed = desk.feed()
        feed.past = Past(lookback)
        feed.past.add(Picture(a_view(99)), desk.monitor.feeds.clock.now_s() - 0.5)
        await desk.picture(TriageLevel.AUTONOMY)
        first, second = (one.body["messages"][1]["content"] for one in desk.stand_in.asked[-2:])
        assert ([len(first), len(second)], feed.level.shown) == ([2, 3], TriageLevel.AUTONOMY)
        assert "There is no picture from 1.0 s before or 0.5 s before." in first[-1]["text"]
        assert "oldest first: 0.5 s before, and now.\nThere is no picture from 1.0 s" in second[-1]["text"]

    watch(store, tmp_path, scenario, lookback=lookback)
    with store.read() as session:
        run = session.exec(select(ModelRun).where(ModelRun.model == "tiny-vl")).one()
    assert run.question_hash == conversation_hash(ReplyForm.LEVEL_FIRST, lookback)
    assert (run.parameters["frames"], run.parameters["spacing_s"]) == (3, 0.5)
