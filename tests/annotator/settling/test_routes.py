"""What the settling card is told and what it may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from annotator.settling import routes
from data.errors import ReviewRefused
from data.review.second_looks import send_back
from data.review.serving import lease_frames, release_leases
from data.store.opening import Store
from data.store.tables import Adjudication, GoldFrame, Person, RandomShare
from data.vocabulary import PersonRole, Split
from tests.builders import A, S, T, a_person, a_store, reviewed

WORDS = {"reasoning": "A van blocks the lane.", "action": "Stop.", "reason": "Nothing can pass."}


@pytest.fixture
def team(tmp_path: Path) -> tuple[Store, int, list[str]]:
    """Training frames: two contested (S and T; A and T), one that ada verified as AUTONOMY."""
    store = a_store(tmp_path, scenes={"scene-0001": 8, "scene-0002": 8}, teacher=A)
    lena, ada, ben = a_person(store, "lena", PersonRole.LEAD), a_person(store, "ada"), a_person(store, "ben")
    frames = [one.frame.id for one in lease_frames(store, ada, n=100) if one.scene.split is Split.TRAIN]
    release_leases(store, ada)
    for frame, level in zip(frames[:2], (S, A), strict=True):
        reviewed(store, ada, frame, T, reasoning="A van blocks the whole lane.", action="Stop.")
        reviewed(store, ben, frame, level, reasoning="A van blocks half the lane.", action="Watch.")
    reviewed(store, ada, frames[2], A)
    return store, lena, frames


def settlement(frame: str, **changes: Any) -> dict[str, Any]:
    return {"settlement": {"frame_id": frame, "level": "TELEOPERATION", **WORDS, **changes}}


def test_the_widest_disagreement_comes_first_with_a_count_of_all(team: tuple[Store, int, list[str]]) -> None:
    store, lena, frames = team
    told = routes.queue(store, lena, {})
    assert (told["total"], told["wide"]) == (2, 1)
    assert [one["frame"] for one in told["frames"]] == [frames[1], frames[0]]
    assert told["frames"][0]["levels"] == ["AUTONOMY", "TELEOPERATION"]


def test_a_contested_frame_comes_with_what_each_said_and_the_words_of_each_level(
    team: tuple[Store, int, list[str]],
) -> None:
    store, lena, frames = team
    item = routes.frame(store, lena, {"frame": frames[1]})["item"]
    people = [(one["who"].split(",")[0], one["level"]) for one in item["said"]]
    assert people[:2] == [("ada", "TELEOPERATION"), ("ben", "AUTONOMY")]
    assert [words for words, is_other, _ in item["said"][0]["reasoning"] if is_other] == ["whole "]
    assert item["words"]["TELEOPERATION"] == {"reasoning": "A van blocks the whole lane.", "action": "Stop."}
    assert (item["words"]["SUPERVISION"], item["warning"], item["is_random"]) == (None, None, False)


def test_who_sent_a_frame_back_and_why_stands_with_it_until_it_is_settled(
    team: tuple[Store, int, list[str]],
) -> None:
    store, lena, frames = team
    theo = a_person(store, "theo", PersonRole.TRAINER)
    send_back(store, theo, frames[2], "Is the lane really free?")
    item = routes.frame(store, lena, {"frame": frames[2]})["item"]
    assert item["sent_back"] == [{"who": "theo", "why": "Is the lane really free?"}]
    routes.save(store, lena, settlement(frames[2]))
    send_back(store, theo, frames[2], "And the kerb?")
    item = routes.frame(store, lena, {"frame": frames[2]})["item"]
    assert [one["why"] for one in item["sent_back"]] == ["And the kerb?"]


def test_words_that_what_is_there_denies_are_marked_among_those_that_differ(
    team: tuple[Store, int, list[str]],
) -> None:
    """The scene is described as dry: rain is contradicted, whoever says it, and whether others say it too."""
    store, lena, frames = team
    with store.read() as session:
        ada, ben = (
            session.exec(select(Person.id).where(Person.name == name)).one() for name in ("ada", "ben")
        )
    for who, level, words in (
        (ada, T, "Heavy rain hides a van."),
        (ben, S, "Heavy rain hides a <b>bus</b>."),
    ):
        reviewed(store, int(who or 0), frames[3], level, reasoning=words, action="Watch.")
    _, second, model = routes.frame(store, lena, {"frame": frames[3]})["item"]["said"]
    denied = "neither the scene's description nor the picture shows rain"
    assert second["reasoning"] == [
        ("Heavy ", False, None),
        ("rain", False, denied),
        (" hides a ", False, None),
        ("<b>bus</b>.", True, None),
    ]
    assert second["faults"][0] == f"“rain” (reasoning): {denied}."
    assert [(is_other, why) for _, is_other, why in model["reasoning"]] == [(False, None)]


def test_nobodys_words_are_told_of_a_frame_of_the_random_share(team: tuple[Store, int, list[str]]) -> None:
    store, lena, frames = team
    with store.write() as session:
        for row in session.exec(select(RandomShare)):
            session.delete(row)
        session.flush()
        session.add(RandomShare(frame_id=frames[2], inclusion_probability=0.1, place=0.0))
    told = routes.queue(store, lena, {"random": True})
    assert [one["frame"] for one in told["frames"]] == [frames[2]]
    item = routes.frame(store, lena, {"frame": frames[2]})["item"]
    assert (item["said"], item["is_random"], told["frames"][0]["levels"]) == ([], True, [])
    assert set(item["words"].values()) == {None}
    assert "proposal" not in item


def test_other_frames_are_refused(team: tuple[Store, int, list[str]]) -> None:
    store, lena, frames = team
    with pytest.raises(ReviewRefused, match="not contested"):
        routes.frame(store, lena, {"frame": frames[-1]})
    with pytest.raises(ReviewRefused, match="no such frame"):
        routes.strip(store, lena, {"frame": "nothing"})


def test_a_settlement_sent_twice_is_written_once_and_can_be_taken_back(
    team: tuple[Store, int, list[str]],
) -> None:
    store, lena, frames = team
    last = routes.save(store, lena, settlement(frames[0]))["last"]
    assert routes.save(store, lena, settlement(frames[0]))["last"] == last
    with pytest.raises(ReviewRefused, match="not contested"):
        routes.save(store, lena, settlement(frames[0], reason="Another reason."))
    assert (last["frame"], last["level"]) == (frames[0], "TELEOPERATION")
    assert routes.undo(store, lena, {"settlement": last["id"]}) == {"frame": frames[0]}
    assert routes.queue(store, lena, {})["total"] == 2
    routes.save(store, lena, settlement(frames[0], as_gold=True))
    with store.read() as session:
        assert len(session.exec(select(Adjudication)).all()) == 2
        assert session.exec(select(GoldFrame.frame_id)).all() == [frames[0]]
