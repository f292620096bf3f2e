from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import select, text

from data.errors import ScenarioError
from data.scenarios.critic import critic_question, criticise, read_verdict
from data.scenarios.ingest import take_in
from data.scenarios.plausibility import Judgement, judge_clip
from data.store.opening import Store
from data.store.tables import ClipCritique, Frame, GeneratedFrame
from data.vocabulary import PersonRole, SetAside
from tests.builders import a_person
from tests.data.vlm.vllm_stand_in import Asked, StandIn, served


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("The road is fine.\nVerdict: approve", True),
        ("I might write Verdict: approve later.\n\n**Verdict: Reject.**", False),
        ("Verdict: approve\nNo, the car melts.\nVerdict: reject", False),
        ("Verdict: perhaps", None),
        ("", None),
    ],
)
def test_the_last_verdict_on_a_line_of_its_own_counts(raw: str, expected: bool | None) -> None:
    assert read_verdict(raw) is expected


def test_the_question_says_what_was_asked_for_and_nothing_of_levels() -> None:
    question = critic_question(6, "Dense fog.")
    assert "6 moments" in question
    assert "Dense fog." in question
    assert not [word for word in ("AUTONOMY", "SUPERVISION", "TELEOPERATION") if word in question]


def test_a_critic_is_asked_once_per_clip_and_rejects_nothing(
    tmp_path: Path, store: Store, outputs: Path
) -> None:
    take_in(store, outputs, tmp_path / "workspace")
    asked: list[Asked] = []

    def reject(one: Asked) -> str:
        asked.append(one)
        return "A car doubles.\nVerdict: reject"

    with served(StandIn(says=reject)) as server:
        first = criticise(store, endpoint=server.url, model=server.model)
        again = criticise(store, endpoint=server.url, model=server.model)
    assert (first.asked, first.rejected, again.asked, len(asked)) == (1, 1, 0, 1)
    assert "dense fog" in str(asked[0].body["messages"])
    assert first.disagreements == again.disagreements
    assert first.disagreements[0].endswith("the model rejects, people have not")
    with store.read() as session:
        (row,) = session.exec(select(ClipCritique)).all()
        assert (row.is_plausible, row.raw) == (False, "A car doubles.\nVerdict: reject")
        assert {frame.set_aside for frame in session.exec(select(Frame))} == {None}
    with pytest.raises(DBAPIError, match="are never changed"), store.write() as session:
        session.connection().execute(text("DELETE FROM clip_critique"))


def test_people_who_differ_from_the_critic_are_named(tmp_path: Path, store: Store, outputs: Path) -> None:
    take_in(store, outputs, tmp_path / "workspace")
    with store.read() as session:
        made = session.exec(select(GeneratedFrame.frame_id)).first()
    judge_clip(store, a_person(store, role=PersonRole.LEAD), Judgement(token="t" * 8, frame_id=str(made)))
    with served(StandIn(says=lambda _: "All is well.\nVerdict: approve")) as server:
        done = criticise(store, endpoint=server.url, model=server.model)
    assert done.disagreements[0].endswith("the model approves, people have rejected it")
    with store.read() as session:
        assert session.get_one(Frame, str(made)).set_aside is SetAside.IMPLAUSIBLE


def test_without_a_clip_there_is_nothing_to_ask(store: Store) -> None:
    with pytest.raises(ScenarioError, match="no generated clip yet"):
        criticise(store, endpoint="http://127.0.0.1:9/v1", model="any")


@pytest.mark.parametrize("odd", ["\n", "verdict", ": ", "* ", "verdict:", "verdict\n:", "\nverdict: "])
def test_a_verdict_is_looked_for_in_linear_time(odd: str) -> None:
    raw = odd * (200_000 // len(odd))
    begun = time.process_time()
    assert read_verdict(raw) is None
    assert read_verdict(raw + "\n**Verdict:**\nReject.") is False
    assert time.process_time() - begun < 0.5
