from __future__ import annotations

from eval.metrics.shares import ACCURACY, MISSED_TELEOPERATION, UNDER_ESCALATION
from eval.metrics.triage_metrics import macro_f1, rate_of
from eval.published.check import check_published, published_matrix
from eval.statistics.rate import Rate, Score
from tests.eval.builders import near

SA_DPO = "SA-DPO"
BASELINE = "Baseline (Zero-Shot)"


def test_figure_3_of_the_baseline_gives_other_figures_than_its_table() -> None:
    matrix = published_matrix(BASELINE)
    assert rate_of(ACCURACY, matrix) == Rate(481, 1000)
    assert macro_f1(matrix) == Score(near(0.294, abs=0.0005), 1000)
    assert rate_of(UNDER_ESCALATION, matrix) == Rate(103, 145)


def test_figure_3_of_sa_dpo_gives_other_figures_than_its_table() -> None:
    matrix = published_matrix(SA_DPO)
    assert rate_of(ACCURACY, matrix) == Rate(905, 1000)
    assert macro_f1(matrix) == Score(near(0.891, abs=0.0005), 1000)
    assert rate_of(UNDER_ESCALATION, matrix) == Rate(0, 145)
    assert rate_of(MISSED_TELEOPERATION, matrix) == Rate(12, 145)


def test_standard_dpo_agrees_with_everything_printed_of_it() -> None:
    rows = [row for row in check_published().rows if row.printed.system == "Standard DPO"]
    assert len(rows) == 5
    assert all(row.agrees for row in rows)


def test_the_differences_are_these_and_no_others() -> None:
    found = [
        (row.printed.system, row.printed.figure, row.printed.minus) for row in check_published().differences()
    ]
    assert found == [
        (BASELINE, "accuracy", None),
        (BASELINE, "macro_f1", None),
        (BASELINE, "recall_autonomy", None),
        (SA_DPO, "accuracy", None),
        (SA_DPO, "macro_f1", None),
        (SA_DPO, "under_escalation", None),
        (SA_DPO, "recall_autonomy", None),
        (SA_DPO, "recall_supervision", None),
        (SA_DPO, "recall_teleoperation", None),
        (SA_DPO, "over_escalation_a_to_t", None),
        (SA_DPO, "accuracy", "Standard DPO"),
        (SA_DPO, "macro_f1", "Standard DPO"),
    ]


def test_the_recalls_printed_in_the_text_give_the_tables_accuracy() -> None:
    found = {system.name: system.accuracy_of_printed_recalls for system in check_published().systems}
    assert found == {BASELINE: 0.475, "Standard DPO": None, SA_DPO: 0.921}
