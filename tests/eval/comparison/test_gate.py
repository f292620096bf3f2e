"""A run in another's place: who is passed, who is refused, and what these frames could ever show."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import EvaluationError
from eval.comparison.claim import Claimed
from eval.comparison.gate import Gate, gates
from eval.metrics.answers import Answers
from eval.statistics.rate import Interval, Undefined
from eval.statistics.scene_share import difference_ends, scenes_without_difference
from tests.eval.builders import A_METHOD, A, S, T, near, some_answers
from tests.eval.comparison.gate_simulation import World, coverage, normal_passes, passes


def answered(wrong: int, *, name: str, frames: int = 500, scenes: int = 500) -> Answers:
    """TELEOPERATION frames of which the first `wrong` are missed."""
    return some_answers([T] * frames, [S] * wrong + [T] * (frames - wrong), name=name, scenes=scenes)


def held(runs: list[Answers], *, opened: dict[str, int] | None = None) -> dict[str, Claimed]:
    said = opened or {}
    return {
        run.name: Claimed(run.per_scene(), [(0, frozenset((A, T)), said[run.name])] if said else [])
        for run in runs
    }


def gate(runs: list[Answers], *, margin: float = 0.01, opened: dict[str, int] | None = None) -> Gate:
    (found,) = gates(runs, "bf16", margin, held(runs, opened=opened), A_METHOD)
    return found


def test_a_run_that_answers_alike_on_enough_scenes_is_passed() -> None:
    found = gate([answered(20, name="bf16"), answered(20, name="fp8")])
    assert found.is_passed
    assert found.says.startswith(
        "fp8 in place of bf16 is passed: it misses +0.0 points of TELEOPERATION on 500 frames"
    )


def test_a_run_that_misses_more_is_refused_with_the_frames_it_alone_misses() -> None:
    found = gate([answered(20, name="bf16"), answered(35, name="fp8")])
    assert (found.only_run, found.only_than, found.is_passed) == (15, 0, False)
    assert found.difference == near(0.03)
    assert isinstance(found.interval, Interval)
    assert found.interval.low > 0
    assert "the upper end (95 % +" in found.says
    assert "takes about" not in found.says, "there are frames enough"


def test_too_few_frames_ever_to_pass_are_said_with_how_many_it_takes() -> None:
    runs = [answered(5, name=name, frames=240, scenes=60) for name in ("bf16", "fp8")]
    found = gate(runs)
    assert not found.is_passed
    assert scenes_without_difference(0.01) == 437
    assert (found.scenes_needed, found.frames_needed) == (437, 1748)
    assert found.says.endswith(
        "These scenes show 7.0 points at best, whatever it answers. To show 1 point takes about 1,748 TELEOPERATION "
        "frames of 437 such scenes without a difference."
    )
    assert gate(runs, margin=0.08).is_passed


def test_fewer_than_ten_scenes_and_none_have_no_interval() -> None:
    few = gate([answered(1, name=name, frames=27, scenes=9) for name in ("bf16", "fp8")])
    assert isinstance(few.interval, Undefined)
    assert not few.is_passed
    assert "9 scenes hold such frames, 10 are needed" in few.says
    none = gate([some_answers([A] * 20, [A] * 20, name=name) for name in ("bf16", "fp8")])
    assert none.says == "fp8 in place of bf16 is refused: there is no true TELEOPERATION frame."


def test_a_frame_that_people_disagree_about_counts_against_the_run_that_alone_may_miss_it() -> None:
    runs = [answered(20, name="bf16"), answered(20, name="fp8")]
    assert gate(runs, opened={"bf16": 1, "fp8": 1}).is_passed
    assert gate(runs, opened={"bf16": 1, "fp8": 2}).is_passed
    broken = gate(runs, opened={"bf16": 2, "fp8": 1})
    assert not broken.is_passed
    assert broken.says.endswith("but frames that people disagree about could break it.")


def test_the_run_to_replace_must_be_there_and_not_alone() -> None:
    run = answered(1, name="bf16")
    with pytest.raises(EvaluationError, match="at least one other run"):
        gates([run], "bf16", 0.01, held([run]), A_METHOD)
    with pytest.raises(EvaluationError, match="is no share between 0 and 1"):
        gates([run, answered(1, name="fp8")], "bf16", 1.0, held([run]), A_METHOD)


def test_differences_in_both_directions_widen_the_interval() -> None:
    frames = np.full(600, 4.0)
    more, fewer = (np.zeros(600) for _ in range(2))
    more[:6], fewer[6:12] = 1, 1
    alike = difference_ends(np.zeros(600), np.zeros(600), frames, confidence=0.95)
    both = difference_ends(more, fewer, frames, confidence=0.95)
    assert both[0] < alike[0] < 0 < alike[1] < both[1]
    assert both[0] == near(-float(both[1]))


def test_of_runs_that_are_one_point_worse_hardly_one_is_passed() -> None:
    """A cell of the simulation; `make bench-coverage` runs them all. The usual interval passes many."""
    world = World(600, 0.9, fixed=0.0)
    assert passes(world, 400, margin=0.01) <= 0.025
    assert coverage(world, 400) >= 0.95
    assert passes(World(60, 0.9), 200, margin=0.01) == 0
    assert normal_passes(World(60, 0.9), 400, margin=0.01) > 0.2
