from __future__ import annotations

from eval.evaluation.evaluate import evaluate
from eval.report.side_by_side import figures_side_by_side, rest_on_the_same_frames, what_differs
from tests.eval.builders import LINEAGE, a_run, frames_of


def test_two_reports_show_their_runs_in_one_table_and_say_what_differs() -> None:
    frames, answers = frames_of([[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 3, 1]])
    lineage = LINEAGE.model_copy(update={"verified_set_hash": "a" * 64, "recipe": "sa_dpo"})
    first = evaluate(frames, [a_run(answers, name="one")], lineage=lineage)
    other = lineage.model_copy(update={"recipe": "standard_dpo"})
    second = evaluate(frames, [a_run(answers, name="two")], lineage=other)
    rows = {row["figure"]: row for row in figures_side_by_side({"may": first, "june": second})}
    assert rows["Missed TELEOPERATION"]["may: one"].startswith("25.0\u00a0% 1/4 (")
    assert rows["Missed TELEOPERATION"]["june: two"] == rows["Missed TELEOPERATION"]["may: one"]
    assert what_differs(first, second) == [{"what": "training", "first": "sa_dpo", "second": "standard_dpo"}]
    assert rest_on_the_same_frames(first, second)
    changed = second.model_copy(update={"lineage": other.model_copy(update={"verified_set_hash": "b" * 64})})
    assert not rest_on_the_same_frames(first, changed)
    both = first.model_copy(update={"runs": [*first.runs, *second.runs]})
    columns = ["figure", "may: one", "june: one", "may: two", "june: two"]
    assert list(figures_side_by_side({"may": both, "june": both})[0]) == columns
