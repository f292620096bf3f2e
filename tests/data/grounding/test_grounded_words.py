"""Words of proposals and people in a store, held against the boxes of a dataroot and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from annotator.review_card.serving import served_frame
from annotator.review_order.facts import frame_rows, pool_of, read_facts
from data.errors import ProposalError
from data.find import current
from data.find.pages import find_frames
from data.find.question import from_address
from data.grounding.frame_things import scene_facts
from data.grounding.grounded_words import ground
from data.grounding.tallies import PEOPLE, tallies
from data.review.serving import lease_frames
from data.snapshot.freeze import FreezeOptions
from data.snapshot.preview import preview
from data.store.opening import Store
from data.store.tables import FrameStatus, GroundedWords, SampledFrame, Scene
from data.vocabulary import PersonRole, Split
from eval.grounding.from_store import ShownWords, grounding_figures, marks_in_shown_words
from tests.builders import A, S, a_person, frames_of, reviewed
from tests.data.grounding.told_store import PERSON, a_told_store
from tests.dataroots import VERSION


def _kept(store: Store) -> dict[str, GroundedWords]:
    """The teacher's rows by frame."""
    with store.read() as session:
        first: dict[str, GroundedWords] = {}
        for row in session.exec(select(GroundedWords).order_by(GroundedWords.id)):  # type: ignore[arg-type]
            first.setdefault(row.frame_id, row)
        return first


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = a_told_store(tmp_path)
    ground(made)
    return made


def test_words_are_judged_by_the_boxes_of_their_frame(store: Store) -> None:
    told, cyclist, generic = frames_of("scene-0001", 3)
    (unknown,) = frames_of("scene-0002", 1)
    rows = _kept(store)
    assert (rows[told].supported, rows[told].contradicted, rows[told].contradicted_in_answer) == (2, 1, 0)
    assert (rows[cyclist].contradicted, rows[cyclist].omitted, rows[cyclist].action_against_level) == (
        1,
        1,
        True,
    )
    assert (rows[generic].omitted, rows[generic].names_nothing) == (1, True)
    assert (rows[unknown].contradicted, rows[unknown].has_boxes) == (0, False)


def test_a_second_run_judges_nothing_again_and_other_rules_judge_everything(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ground(store).texts == 0
    monkeypatch.setattr("data.grounding.grounded_words.rules_hash", lambda: "other rules")
    assert ground(store).texts == 8
    assert {row.rules for row in _kept(store).values()} == {"other rules"}


def test_a_run_that_there_is_not_is_refused_by_name(store: Store) -> None:
    with pytest.raises(ProposalError, match="no run called nobody; the store has test-student, test-teacher"):
        ground(store, ["nobody"])


def test_a_dataroot_that_is_gone_makes_things_not_checkable_and_says_so(tmp_path: Path) -> None:
    store = a_told_store(tmp_path)
    (tmp_path / "dataroot" / VERSION / "sample_data.json").unlink()
    done = ground(store)
    assert done.texts == 8
    (reason,) = done.not_looked_up.values()
    assert "sample_data" in reason
    assert {(row.contradicted, row.has_boxes) for row in _kept(store).values()} == {(0, False)}


def test_what_is_there_is_read_back_as_it_was_looked_up(store: Store) -> None:
    first, *_ = frames_of("scene-0001", 3)
    with store.read() as session:
        facts = scene_facts(session, [first])[first]
    assert facts.things is not None
    (person,) = facts.things
    assert (person.category, person.ahead_m, person.aside_m, person.along_m) == (PERSON, 12.0, 0.0, 12.0)
    assert facts.speed_mps == 0.0


def test_people_s_own_words_are_judged_and_counted_apart(store: Store) -> None:
    frame = next(one for one in frames_of("scene-0001", 3))
    reviewed(store, a_person(store), frame, A, reasoning="A bus waits ahead.", action="No action needed.")
    ground(store)
    people = next(one for one in tallies(store) if one.name == PEOPLE)
    assert (people.texts, people.contradicted) == (1, 1)


def test_frames_are_found_by_faults_of_any_words_of_a_run_and_of_people(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "REST", 0.0)
    lead = a_person(store, "lena", PersonRole.LEAD)
    told, cyclist, generic = frames_of("scene-0001", 3)

    def found(value: str) -> set[str]:
        return {one.frame_id for one in find_frames(store, lead, from_address(f"grounding={value}")).frames}

    assert found("contradicted") == {told, cyclist}
    assert found("against_level") == {cyclist}
    assert found("test-teacher:generic") == {generic}
    reviewed(store, a_person(store), generic, A, reasoning="A bus waits ahead.", action="No action needed.")
    ground(store)
    assert found("people:contradicted") == {generic}


def test_an_annotator_at_work_is_told_nothing_of_it(tmp_path: Path) -> None:
    store = a_told_store(tmp_path)
    ada = a_person(store)

    def told() -> list[dict[str, Any]]:
        served = sorted(lease_frames(store, ada, n=10), key=lambda one: one.frame.id)
        return [served_frame(one, lambda frame, width: f"{frame}-{width}") for one in served]

    before = told()
    ground(store)
    assert told() == before
    assert "annotated" not in json.dumps(before)


def test_contradicted_proposals_move_forward_in_the_order_of_review(store: Store) -> None:
    facts = read_facts(store)
    rows = frame_rows(facts)
    pool = pool_of(rows, facts)
    moved = {row.frame_id for row, flag in zip(rows, pool["contradicted"], strict=True) if flag}
    told, cyclist, _ = frames_of("scene-0001", 3)
    assert moved == {told, cyclist}


def test_pairs_with_contradicted_words_are_counted_and_can_be_left_out(store: Store) -> None:
    with store.write() as session:
        for table in (Scene, SampledFrame, FrameStatus):
            for row in session.exec(select(table)):
                row.split = Split.TRAIN
    ada = a_person(store)
    for frame, words in zip(
        frames_of("scene-0001", 3), ("It is busy.", "A bus waits.", "Cones."), strict=True
    ):
        reviewed(store, ada, frame, S, reasoning=words, action="Watch the feed.")
    ground(store)
    options = FreezeOptions(development=0)
    seen, without = preview(store, options), preview(store, FreezeOptions(development=0, contradicted=False))
    assert (seen.pairs, seen.contradicted) == (3, 2)
    assert (without.pairs, without.contradicted) == (1, 0)
    assert without.excluded_by_reason["contradicted_words"] == 2


def test_words_that_a_report_prints_are_marked_whoever_said_them(store: Store) -> None:
    _, cyclist, generic = frames_of("scene-0001", 3)
    marked = ShownWords(cyclist, A, "A cyclist rides ahead.", "Take over control.")
    plain = ShownWords(generic, S, "A pedestrian stands there.", "Watch.")
    with store.read() as session:
        found = marks_in_shown_words(session, [marked, plain])
    assert found == {marked: {"reasoning": [(2, 9, "no cyclist is annotated in view")]}}


def test_rates_have_their_n_and_examples_their_marks(store: Store) -> None:
    frames = dict.fromkeys(frames_of("scene-0001", 3), ("scene-0001", S))
    frames |= dict.fromkeys(frames_of("scene-0002", 1), ("scene-0002", A))
    with store.read() as session:
        found = grounding_figures(session, ["test-teacher"], frames, {}, confidence=0.95)
    assert found is not None
    (run,) = found.runs
    assert (found.frames, found.with_boxes, run.texts) == (4, 3, 4)
    assert (run.rates.contradicted.count, run.rates.contradicted.n) == (2, 4)
    assert (run.rates.hallucinating.count, run.rates.hallucinating.n) == (2, 2)
    assert (run.rates.omitting.count, run.rates.omitting.n) == (2, 3)
    assert (run.rates.generic.count, run.rates.generic.n) == (1, 4)
    assert "fewer than" in str(run.rates.generic.interval) or "scenes" in str(run.rates.generic.interval)
    marked = next(one for one in found.examples if one.part == "reasoning")
    (start, end, why) = marked.marks[0]
    assert (marked.text[start:end], why) == ("cyclist", "no cyclist is annotated in view")
    assert json.loads(found.model_dump_json())["runs"][0]["texts"] == 4


def test_a_report_says_how_many_contradicted_texts_it_does_not_print(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.grounding.from_store.EXAMPLES", 1)
    frames = dict.fromkeys(frames_of("scene-0001", 3), ("scene-0001", S))
    with store.read() as session:
        found = grounding_figures(session, ["test-teacher"], frames, {}, confidence=0.95)
    assert found is not None
    assert len({one.frame_id for one in found.examples}) == 1
    assert found.left_out == 1
