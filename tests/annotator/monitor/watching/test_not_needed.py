from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from annotator.monitor.rules.levels import lost
from annotator.monitor.service.board import board
from annotator.monitor.service.proof import AGE_HEADER, NUMBER_HEADER
from annotator.monitor.sources.recorded import Picture
from data.errors import FeedError
from data.store.opening import Store, open_store
from data.store.tables import Alert
from data.vocabulary import Response, TriageLevel
from tests.annotator.monitor.watched_feeds import BRISK, Desk, a_view, proven, watch

A, S, T = TriageLevel
OFFICER, BLOCKED = "An officer directs the traffic.", "The lane is blocked by a stopped vehicle."


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "workspace", create=True)


async def dismissed(desk: Desk, level: TriageLevel = T, words: str = OFFICER) -> str:
    """Let the feed alert, and an operator say that nothing is needed."""
    desk.model.reasoning = words
    await desk.picture(level)
    alert = desk.feed().alert
    assert alert is not None
    desk.monitor.alerting.answered_by(alert.id, Response.NOT_NEEDED, "Olga")
    assert not alert.is_open
    return alert.id


async def asked_again(desk: Desk, first: str, level: TriageLevel = T) -> None:
    """Let the model say the level until somebody is asked; a slow machine may miss an answer's time."""
    while asking(desk) in (None, first):
        assert len(desk.written(Alert)) == 1
        await desk.picture(level)


def asking(desk: Desk) -> str | None:
    alert = desk.feed().alert
    return alert.id if alert is not None and alert.is_open else None


def test_the_same_situation_does_not_ask_again_at_once(store: Store, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await dismissed(desk)
        for _ in range(4):
            await desk.picture(T)
        assert asking(desk) is None
        assert len(desk.written(Alert)) == 1

    watch(store, tmp_path, scenario)


def test_after_a_fall_to_supervision_a_rise_alerts_again(store: Store, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        first = await dismissed(desk)
        for said in (S, S):
            await desk.picture(said)
        assert desk.feed().shown is S
        assert asking(desk) is None
        await asked_again(desk, first)
        assert [row.level for row in desk.written(Alert)] == [T, T]

    watch(store, tmp_path, scenario)


def test_other_words_at_the_same_level_alert_again(store: Store, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        first = await dismissed(desk)
        desk.model.reasoning = BLOCKED
        await asked_again(desk, first)
        assert [one["reason"] for one in board(desk.monitor)["alerts"]] == [BLOCKED]

    watch(store, tmp_path, scenario)


def test_the_same_situation_alerts_again_after_its_time(store: Store, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        first = await dismissed(desk, S)
        await asyncio.sleep(0.3)
        await asked_again(desk, first, S)

    watch(store, tmp_path, scenario, limits=BRISK.model_copy(update={"rearm_s": 0.3}))


def test_the_tile_says_what_was_answered_and_how_long_ago(store: Store, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await dismissed(desk)
        (feed,) = board(desk.monitor)["feeds"]
        assert feed["answered"].pop("age_s") < 5
        assert feed["answered"] == {"how": "not_needed", "who": "Olga"}
        for _ in range(2):
            await desk.picture(A)
        assert board(desk.monitor)["feeds"][0]["answered"]["how"] == "not_needed"
        desk.model.reasoning = BLOCKED
        await desk.picture(T)
        assert board(desk.monitor)["feeds"][0]["answered"] is None

    watch(store, tmp_path, scenario)


def test_a_takeover_is_told_until_the_feed_calms_and_nothing_alerts_meanwhile(
    store: Store, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.picture(S)
        alert = desk.feed().alert
        assert alert is not None
        desk.monitor.alerting.answered_by(alert.id, Response.TAKEN_OVER, "Olga")
        desk.model.reasoning = BLOCKED
        await desk.picture(T)
        assert asking(desk) is None
        assert board(desk.monitor)["feeds"][0]["answered"]["how"] == "taken_over"
        with pytest.raises(FeedError, match="Olga has it already"):
            desk.monitor.alerting.call("van")
        for _ in range(2):
            await desk.picture(A)
        assert board(desk.monitor)["feeds"][0]["answered"] is None

    watch(store, tmp_path, scenario)


def test_a_feed_of_which_nothing_was_needed_can_still_be_taken_over_unasked(
    store: Store, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        first = await dismissed(desk)
        assert desk.monitor.alerting.call("van") != first

    watch(store, tmp_path, scenario)


def test_a_takeover_without_an_alert_outlives_a_while_by_eye(store: Store, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        for _ in range(2):
            await desk.picture(A)
        desk.monitor.alerting.answered_by(desk.monitor.alerting.call("van"), Response.TAKEN_OVER, "Olga")
        desk.feed().level = lost(desk.feed().level)
        for _ in range(2):
            await desk.picture(A)
        assert desk.feed().shown is A
        assert board(desk.monitor)["feeds"][0]["answered"]["how"] == "taken_over"

    watch(store, tmp_path, scenario)


def test_feeds_stand_on_the_wall_in_the_order_of_their_alerts_and_causes_together(
    store: Store, tmp_path: Path
) -> None:
    names = ("van-1", "van-2", "van-3", "van-4")

    async def scenario(desk: Desk) -> None:
        for name, words in (("van-2", OFFICER), ("van-4", BLOCKED), ("van-3", OFFICER)):
            desk.model.reasoning = words
            await desk.picture(T, name)
        told = board(desk.monitor)
        assert [one["feed"] for one in told["alerts"]] == ["van-2", "van-3", "van-4"]
        assert [one["name"] for one in told["feeds"]] == ["van-2", "van-3", "van-4", "van-1"]
        causes = [one["cause"] for one in told["alerts"]]
        assert causes[0] == causes[1] != causes[2]

    watch(store, tmp_path, scenario, feeds=names)


def test_one_feed_is_shown_as_it_came_at_its_own_rate_with_its_age(store: Store, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        async with httpx.AsyncClient(base_url=desk.address, auth=proven(store)) as client:
            assert (await client.post("/large", json={"feed": "nobody"})).status_code == 404
            hand, feed = desk.hands["van"], desk.feed()
            assert hand.show is not None
            got, number = [], 0
            for place in range(5):  # five at once: far more than the model is asked about
                view = a_view(place)
                hand.show(Picture(view))
                answer = await client.post("/large", json={"feed": "van", "after": number})
                got.append(answer.content == view)
                number = int(answer.headers[NUMBER_HEADER])
                assert int(answer.headers[AGE_HEADER]) < 2000
            assert got == [True] * 5
            assert feed.pictures < 5
            again = await client.post("/large", json={"feed": "van", "after": number})
            assert again.status_code == 204
            assert int(again.headers[AGE_HEADER]) >= 700
        async with httpx.AsyncClient(base_url=desk.address) as stranger:
            assert (await stranger.post("/large", json={})).status_code == 403

    watch(store, tmp_path, scenario, limits=BRISK.model_copy(update={"frame_rate": 2.0}))
