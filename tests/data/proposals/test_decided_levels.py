"""What a model wrote and what its decision makes of it stand side by side, in the store and in an evaluation."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from data.proposals.runs import kept_run, planned_run, record_answer
from data.store.tables import Proposal
from data.vlm.answer import ModelAnswer, Sample
from data.vocabulary import ModelRole, Split
from eval.evaluation.how_asked import how_asked
from eval.evaluation.reference_set import _prediction
from tests.builders import A, S, T, a_raw_reply, a_store
from tests.data.decisions.test_decisions import a_decision
from tests.data.review.test_reviews import frames_in


def test_the_written_and_the_decided_level_are_both_kept_and_the_evaluation_names_the_decision(
    tmp_path: Path,
) -> None:
    store, decision = a_store(tmp_path), a_decision()
    lineage = {"recipe": "sa_dpo", "recipe_hash": "r", "snapshot_hash": "s", "commit": "c", "step": None}
    planned = planned_run(
        store, role=ModelRole.ALIGNED, model="aligned", source="endpoint", question="q", lineage=lineage
    )
    run = kept_run(store, planned)
    first, second = frames_in(store, Split.TRAIN)[:2]
    with store.write() as session:
        for frame_id, chances in ((first, [0.7, 0.1, 0.2]), (second, None)):
            answer = ModelAnswer(frame_id, (Sample(a_raw_reply(A), probabilities=chances),))
            record_answer(session, run, answer, now_us=1, request_hash="h", decision=decision)
    with store.read() as session:
        kept = {one.frame_id: one for one in session.exec(select(Proposal).where(Proposal.run_id == run.id))}
        assert (kept[first].level, kept[first].decided_level) == (A, T)
        assert (kept[second].level, kept[second].decided_level) == (A, A)  # nothing to decide by
        assert {one.decision for one in kept.values()} == {decision.hash}
        assert _prediction(kept[first]).level is T
        assert str(how_asked(session, [run.name]).trained_by).endswith(f"decided by {decision.hash}")


def test_without_a_decision_the_written_level_stands_alone(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    run = kept_run(
        store, planned_run(store, role=ModelRole.STUDENT, model="s", source="endpoint", question="q")
    )
    (frame_id, *_) = frames_in(store, Split.TRAIN)
    with store.write() as session:
        answer = ModelAnswer(frame_id, (Sample(a_raw_reply(S), probabilities=[0.1, 0.2, 0.7]),))
        kept = record_answer(session, run, answer, now_us=1, request_hash="h")
        assert (kept.level, kept.decided_level, kept.decision) == (S, None, None)
        assert _prediction(kept).level is S
