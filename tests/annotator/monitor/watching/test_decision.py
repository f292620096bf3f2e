"""A watch with a decision: its threshold calls, and its guarantee is withdrawn before everybody's eyes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from annotator.monitor.service import run
from annotator.monitor.service.board import board
from data.store.tables import ReturnedFrame, TrailEntry
from data.vocabulary import TrailAct, TriageLevel
from eval.guarantee.decide import Decision
from tests.annotator.monitor.watched_feeds import BRISK, Desk, watch
from tests.builders import a_person, a_store, reviewed
from tests.data.decisions.test_decisions import a_decision

A, S, T = TriageLevel
DECISION = Decision(
    model="tiny-vl",
    run="dev",
    threshold=0.2,
    guarantee=0.05,
    confidence=0.95,
    scenes=80,
    frames=600,
    development_share=0.2,
    development_seed=0,
)


def told(desk: Desk) -> dict[str, object]:
    found = board(desk.monitor)["guarantee"]
    assert isinstance(found, dict)
    return found


def test_a_probability_over_the_threshold_calls_what_the_words_do_not(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.picture(A)
        alert = desk.feed().alert
        assert alert is not None
        assert alert.level is T
        assert alert.action == "Look at the feed: its probability of TELEOPERATION is above the limit."
        await desk.until(lambda: desk.monitor.feeds.guarantee)
        assert told(desk)["text"] == (
            "Guarantee: the model misses at most 5 % of TELEOPERATION frames (95 % confidence). No random live one is "
            "verified yet."
        )

    watch(a_store(tmp_path), tmp_path, scenario, decision=DECISION, probabilities=(0.6, 0.1, 0.3))


def test_the_model_s_own_decision_changes_what_is_alerted_on(tmp_path: Path) -> None:
    """The same answer, AUTONOMY with 0.3 on TELEOPERATION: no alert by the model's word, one by its decision."""
    seen: dict[str, TriageLevel | None] = {}

    def of(name: str) -> Callable[[Desk], Coroutine[Any, Any, None]]:
        async def scenario(desk: Desk) -> None:
            await desk.picture(A)
            alert = desk.feed().alert
            seen[name] = alert.level if alert else None
            if alert:
                assert board(desk.monitor)["guarantee"] is None

        return scenario

    chances = (0.6, 0.1, 0.3)
    for name, threshold in (("low", 0.2), ("high", 0.4)):
        decision = a_decision(teleoperation=threshold)
        watch(a_store(tmp_path / name), tmp_path / name, of(name), decision=decision, probabilities=chances)
    assert seen == {"low": T, "high": None}


def test_answers_without_probabilities_are_not_covered_and_said_not_to_be(tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await desk.picture(A)
        await desk.until(lambda: desk.monitor.feeds.guarantee)
        assert str(told(desk)["text"]).endswith("It does not cover 1 answer without probabilities.")

    watch(a_store(tmp_path), tmp_path, scenario, decision=DECISION, probabilities=(0.0, 0.0, 0.0))


def test_misses_among_random_live_frames_withdraw_the_guarantee_on_the_console_in_metrics_and_in_the_trail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "GUARANTEE_EVERY_S", 0.05)
    store = a_store(tmp_path)
    people = [a_person(store, name) for name in ("ada", "ben")]

    async def scenario(desk: Desk) -> None:
        for _ in range(3):
            await desk.picture(A)
        await desk.until(lambda: len(desk.written(ReturnedFrame)) == 3)
        for frame in desk.written(ReturnedFrame):
            for person in people:
                reviewed(store, person, frame.frame_id, T)
        await desk.until(lambda: told(desk)["withdrawn"])
        assert str(told(desk)["text"]).startswith("Guarantee withdrawn: the model misses more than 5 %")
        async with httpx.AsyncClient() as client:
            figures = (await client.get(f"{desk.address}/metrics")).text
        assert "teletriage_monitor_guarantee_withdrawn 1.0" in figures
        assert "teletriage_monitor_guarantee_misses 3.0" in figures
        (act,) = [one for one in desk.written(TrailEntry) if one.act is TrailAct.WITHDREW_GUARANTEE]
        assert act.subject == f"decision:{DECISION.hash}"

    watch(
        store,
        tmp_path,
        scenario,
        decision=DECISION,
        limits=BRISK.model_copy(update={"random_share": 1.0}),
        probabilities=(0.8, 0.1, 0.1),
    )
