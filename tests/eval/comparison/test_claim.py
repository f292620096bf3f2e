from __future__ import annotations

import numpy as np
import pytest

from data.errors import EvaluationError
from eval.comparison.claim import UNREGISTERED, Claim, Claimed, ClaimResult, held_against, stated_claim
from eval.statistics.rate import Undefined
from eval.statistics.scene_share import scene_lower_bound, scene_upper_bound
from tests.eval.builders import A_METHOD, A, S, T, near, some_answers

MISSED = stated_claim("missed_teleoperation", 0.05)


def a_claimed(missed: int, found: int, *, scenes: int = 50) -> Claimed:
    answers = some_answers([T] * (missed + found) + [A], [S] * missed + [T] * found + [A], scenes=scenes)
    return Claimed(answers.per_scene())


def held(claim: Claim, *, shared_by: int = 1, **runs: Claimed) -> ClaimResult:
    registered = dict.fromkeys((name for name in runs if name != claim.than), UNREGISTERED)
    return held_against(claim, runs, A_METHOD, shared_by=shared_by, registered=registered)


def test_no_miss_in_four_hundred_frames_of_one_scene_shows_nothing() -> None:
    for scenes in (1, 3, 9):
        run = held(MISSED, run=a_claimed(0, 400, scenes=scenes)).runs[0]
        assert not run.holds
        assert isinstance(run.bound, Undefined)
        assert "10 are needed" in run.says


def test_a_claim_holds_only_where_the_bound_over_scenes_keeps_the_limit() -> None:
    found = held(MISSED, good=a_claimed(0, 400, scenes=100), few=a_claimed(0, 400, scenes=40))
    assert [(one.run, one.holds) for one in found.runs] == [("good", True), ("few", False)]
    assert found.runs[1].bound == near(float(str(scene_upper_bound([0] * 40, [10] * 40))))
    assert found.runs[1].says == (
        "few: the claim is not shown. 0.0\u00a0% on 400 frames of 40 scenes; shown is at most 9.9\u00a0%. "
        "(not registered before the figures were computed)"
    )


def test_it_says_how_many_scenes_would_show_the_limit_and_the_smallest_that_these_can() -> None:
    found = held(MISSED, run=a_claimed(2, 478, scenes=60))
    assert (found.scenes, found.equal_scenes, found.scenes_needed) == (60, 60.0, 82)
    assert found.smallest_limit == near(float(str(scene_upper_bound([0] * 60, [8] * 60))))
    assert float(str(found.smallest_limit)) == near(0.067, abs=0.001)


def test_runs_and_claims_share_the_error() -> None:
    alone, shared = (held(MISSED, shared_by=by, run=a_claimed(0, 400, scenes=100)) for by in (1, 4))
    assert (alone.runs[0].holds, shared.runs[0].holds) == (True, False)
    assert (alone.confidence, shared.confidence) == (near(0.975), near(0.99375))


def test_a_claim_of_at_least_looks_at_the_lower_end() -> None:
    found = held(stated_claim("recall_teleoperation", 0.9), run=a_claimed(4, 396, scenes=80))
    per_scene = a_claimed(4, 396, scenes=80).per_scene[:, 2]
    assert found.runs[0].bound == near(float(str(scene_lower_bound(per_scene[:, 2], per_scene.sum(1)))))
    assert found.runs[0].holds


def test_frames_that_people_disagree_about_can_break_a_claim() -> None:
    settled = a_claimed(0, 400, scenes=100)
    missed = [(place, frozenset({S, T}), 1) for place in range(20)]
    hit = [(place, frozenset({S, T}), 2) for place in range(20)]
    never = [(place, frozenset({A, S}), 1) for place in range(20)]
    for contested, holds in ((missed, False), (hit, True), (never, True)):
        run = held(MISSED, run=Claimed(settled.per_scene, contested)).runs[0]
        assert run.holds is holds
    assert (
        "frames that people disagree about could break it"
        in held(MISSED, run=Claimed(settled.per_scene, missed)).runs[0].says
    )


def test_a_claim_without_frames_is_not_shown() -> None:
    claimed = Claimed(some_answers([A], [A], scenes=1).per_scene())
    found = held(stated_claim("under_escalation", 0.01), run=claimed).runs[0]
    assert not found.holds
    assert found.says.startswith("run: not shown, there is no true TELEOPERATION among the frames")


def test_no_worse_by_more_than_a_margin_and_better_are_claims_about_a_difference() -> None:
    base, alike, better = (
        a_claimed(40, 360, scenes=100),
        a_claimed(40, 360, scenes=100),
        a_claimed(0, 400, scenes=100),
    )
    no_worse = stated_claim("missed_teleoperation", 0.05, than="base")
    found = held(no_worse, base=base, alike=alike, better=better)
    assert [(one.run, one.holds) for one in found.runs] == [("alike", True), ("better", True)]
    superior = stated_claim("missed_teleoperation", 0.0, than="base")
    found = held(superior, base=base, alike=alike, better=better)
    assert [(one.run, one.holds) for one in found.runs] == [("alike", False), ("better", True)]
    assert found.text.startswith("Missed TELEOPERATION is lower than that of base.")
    assert "no worse than that of base by more than 5 points" in held(no_worse, base=base, alike=alike).text


def test_a_claim_against_a_run_that_is_not_evaluated_is_refused() -> None:
    with pytest.raises(EvaluationError, match="compares with base"):
        held(stated_claim("missed_teleoperation", 0.0, than="base"), run=a_claimed(0, 10))


def test_a_limit_that_is_the_truth_is_hardly_ever_shown_however_scenes_correlate() -> None:
    # 15 scenes, correlation .5: the rule that took frames as independent accepted 30 of 100 such claims
    rng = np.random.default_rng(1)
    accepted = 0
    for _ in range(300):
        p = rng.beta(0.05, 0.95, 15)
        events = rng.binomial(10, p)
        per_scene = np.zeros((15, 3, 4), dtype=np.int64)
        per_scene[:, 2, 0], per_scene[:, 2, 2] = events, 10 - events
        accepted += held(MISSED, run=Claimed(per_scene)).runs[0].holds
    assert accepted <= 0.025 * 300 + 8


@pytest.mark.parametrize(
    ("figure", "limit", "told"), [("macro_f1", 0.5, "macro_f1"), ("accuracy", 1.2, "1.2")]
)
def test_a_claim_that_cannot_be_made_is_refused(figure: str, limit: float, told: str) -> None:
    with pytest.raises(EvaluationError, match=told):
        stated_claim(figure, limit)
