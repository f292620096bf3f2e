from __future__ import annotations

import pytest

from data.errors import EvaluationError
from eval.comparison.claim import frames_to_show, held_against, stated_claim
from eval.metrics.run_figures import run_figures
from eval.statistics.rate import Undefined
from tests.eval.builders import A_METHOD, A, S, T, near, some_answers


def figures_of(missed: int, found: int, *, scenes: int = 50) -> dict[str, object]:
    answers = some_answers([T] * (missed + found) + [A], [S] * missed + [T] * found + [A], scenes=scenes)
    return dict(run_figures(answers.per_scene(), A_METHOD))


def test_a_claim_holds_only_where_the_worst_end_of_every_interval_keeps_the_limit() -> None:
    claim = stated_claim("missed_teleoperation", 0.05)
    found = held_against(claim, {"good": figures_of(3, 397), "few": figures_of(0, 40)}, A_METHOD)  # type: ignore[dict-item]
    assert [(one.run, one.holds) for one in found.runs] == [("good", True), ("few", False)]
    # Clopper-Pearson of 0 in 40: 1 - 0.025^(1/40)
    assert found.runs[1].bound == near(1 - 0.025 ** (1 / 40))
    assert found.runs[1].says == (
        "few: the claim is not shown. 0 of 40 frames, 0.0\u00a0%, and the worst end of its intervals is 8.8\u00a0%."
    )


def test_the_published_three_of_145_do_not_show_under_five_percent() -> None:
    found = held_against(
        stated_claim("missed_teleoperation", 0.05),
        {"run": figures_of(3, 142)},  # type: ignore[dict-item]
        A_METHOD,
    )
    assert not found.runs[0].holds
    assert float(str(found.runs[0].bound)) >= 0.0593 - 5e-5


def test_a_claim_of_at_least_looks_at_the_lower_end() -> None:
    found = held_against(
        stated_claim("recall_teleoperation", 0.9),
        {"run": figures_of(4, 196)},  # type: ignore[dict-item]
        A_METHOD,
    )
    assert found.runs[0].holds
    assert 0.9 < float(str(found.runs[0].bound)) < 0.98


def test_a_claim_without_frames_is_not_shown() -> None:
    figures = dict(run_figures(some_answers([A], [A], scenes=1).per_scene(), A_METHOD))
    found = held_against(stated_claim("under_escalation", 0.01), {"run": figures}, A_METHOD)
    assert found.runs[0].bound == Undefined("no true TELEOPERATION among 1 frames")
    assert not found.runs[0].holds


def test_under_one_percent_takes_as_many_frames_as_clopper_and_pearson_say() -> None:
    assert [frames_to_show(0.01, errors, confidence=0.95) for errors in range(6)] == [
        368,
        555,
        720,
        874,
        1022,
        1164,
    ]
    # a one-sided 95 % bound is the upper end of a two-sided 90 % interval
    assert [frames_to_show(0.01, errors, confidence=0.9) for errors in range(4)] == [299, 473, 628, 773]


@pytest.mark.parametrize(
    ("figure", "limit", "told"), [("macro_f1", 0.5, "macro_f1"), ("accuracy", 1.2, "1.2")]
)
def test_a_claim_that_cannot_be_made_is_refused(figure: str, limit: float, told: str) -> None:
    with pytest.raises(EvaluationError, match=told):
        stated_claim(figure, limit)
