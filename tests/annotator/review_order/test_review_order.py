from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from annotator.review_order import expected_cost
from annotator.review_order.expected_cost import planned_probabilities, scores, terms
from annotator.review_order.facts import FrameRow, OrderFacts, pool_of
from annotator.review_order.features import static_probabilities, surroundings, unverified_features
from data.vocabulary import Cue, ModelRole, Split
from tests.benchmarks.bench_review_order import reached, static_miss
from tests.benchmarks.simulated_pool import SimulatedPool, simulated_pool

A, S, T = 0, 1, 2


def a_pool(proposed: list[int], student: list[int] | None = None, **changes: Any) -> dict[str, Any]:
    teacher, other = np.array(proposed), np.array(student or [-1] * len(proposed))
    return {
        "a": np.maximum(teacher, 0),
        "probs": planned_probabilities(teacher, other),
        "student": other,
        "scene": np.zeros(len(teacher), dtype=int),
        "pos": 10 * np.arange(len(teacher)),
        **changes,
    }


def test_boundary_cases_come_before_clear_ones() -> None:
    order = np.argsort(-scores(a_pool([A, S, T]), [], []))
    assert order.tolist() == [S, T, A]


def test_a_missed_teleoperation_that_was_called_autonomy_costs_most() -> None:
    unsure = np.array([[0.5, 0.0, 0.5], [0.0, 0.5, 0.5]])
    cost = terms(a_pool([A, S], probs=unsure), [], [])["expected_cost"]
    assert cost.tolist() == [2.5, 1.0]


def test_the_boundary_term_is_largest_where_supervision_and_teleoperation_are_as_likely() -> None:
    probs = np.array([[0.0, 0.5, 0.5], [0.0, 0.9, 0.1], [0.9, 0.05, 0.05]])
    boundary = terms(a_pool([S, S, A], probs=probs), [], [])["boundary"]
    assert boundary.argmax() == 0
    assert boundary[0] == 1.0


def test_a_student_that_escalates_moves_a_frame_forward() -> None:
    pool = a_pool([A, A], student=[A, T])
    assert scores(pool, [], [])[1] > scores(pool, [], [])[0]


def test_a_frame_without_an_answer_comes_before_an_answered_one() -> None:
    assert scores(a_pool([-1, S]), [], []).argmax() == 0


def test_a_found_miss_sends_its_neighbours_in_the_scene_forward() -> None:
    pool = a_pool([A] * 6, scene=np.array([1, 1, 1, 1, 1, 2]), pos=np.array([0, 1, 3, 4, 9, 1]))
    near = terms(pool, [1], [T])["neighbour_of_miss"]
    assert (near > 0).tolist() == [True, True, True, True, False, False]
    assert not terms(pool, [1], [A])["neighbour_of_miss"].any()


def test_an_empty_pool_has_no_scores() -> None:
    pool = {"a": np.zeros(0, dtype=int), "probs": np.zeros((0, 3)), "scene": np.zeros(0), "pos": np.zeros(0)}
    assert scores(pool, [], []).shape == (0,)


def test_planned_probabilities_are_distributions_and_follow_the_teacher() -> None:
    probabilities = planned_probabilities(np.array([A, S, T, -1]), np.array([A, A, A, A]))
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert probabilities[:3].argmax(axis=1).tolist() == [A, S, T]


ONE_SCENE = ["scene-a"] * 6


def alike_frames(**changes: Any) -> dict[str, NDArray[Any]]:
    """Six frames of one scene, all proposed AUTONOMY with the same probabilities."""
    pool: dict[str, NDArray[Any]] = {
        "a": np.zeros(6, dtype=int),
        "probs": np.tile([0.8, 0.15, 0.05], (6, 1)),
        "scene": np.array(ONE_SCENE),
        "pos": np.arange(6),
    }
    return {**pool, **{name: np.asarray(value) for name, value in changes.items()}}


def test_without_reviews_the_score_is_cost_and_chance_of_a_miss_and_nearness_to_the_boundary() -> None:
    # true S said A costs 1, true T said A costs 5: .15 + .25; missed: 4 * .05; boundary: 2 * .05
    assert expected_cost.scores(alike_frames(), [], []) == pytest.approx(np.full(6, 0.70))


def test_a_proposed_teleoperation_cannot_be_missed() -> None:
    parts = expected_cost.terms(alike_frames(a=[2, 0, 0, 0, 0, 0]), [], [])
    assert parts["teleoperation_missed"][0] == 0
    assert parts["teleoperation_missed"][1] == pytest.approx(0.20)


def test_a_found_miss_sends_the_three_frames_around_it_to_the_front() -> None:
    pool = alike_frames(pos=[0, 1, 3, 4, 7, 8])
    near = expected_cost.terms(pool, [1], [2])["neighbour_of_miss"]
    assert near.tolist() == [0.5, 0.5, 0.5, 0.5, 0.0, 0.0]


def test_neighbours_are_of_the_same_scene_only_whatever_the_order_of_the_pool() -> None:
    pool = alike_frames(scene=["b", "a", "b", "a", "b", "a"], pos=[0, 0, 1, 1, 2, 2])
    near = expected_cost.terms(pool, [2], [2])["neighbour_of_miss"]
    assert near.tolist() == [0.5, 0.0, 0.5, 0.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("scenes", "kind"),
    [
        (["a", "", "", "a"], str),
        (["a", None, None, "a"], object),
        ([3.0, np.nan, np.nan, 3.0], float),
        ([7, -1, -1, 7], int),
    ],
)
def test_frames_whose_scene_is_unknown_are_nobody_s_neighbours(scenes: list[Any], kind: type) -> None:
    pool = {name: values[:4] for name, values in alike_frames().items()}
    pool["scene"] = np.array(scenes, dtype=kind)
    pool["pos"] = np.array([0, 1, 2, 1])
    near = expected_cost.terms(pool, [1], [2])["neighbour_of_miss"]
    assert near.tolist() == [0.0, 0.5, 0.0, 0.0]
    assert expected_cost.terms(pool, [0], [2])["neighbour_of_miss"].tolist() == [0.5, 0.0, 0.0, 0.5]


def test_the_score_is_the_sum_of_the_visible_terms() -> None:
    simulated = simulated_pool(4, scenes=20, frames=600)
    done = list(range(0, 600, 2))
    said = simulated.true[done].tolist()
    parts = expected_cost.terms(simulated.pool, done, said)
    assert list(parts) == list(expected_cost.TERMS)
    assert expected_cost.scores(simulated.pool, done, said) == pytest.approx(sum(parts.values()))


def test_scoring_twice_gives_the_same_scores() -> None:
    simulated = simulated_pool(4, scenes=20, frames=600)
    done = list(range(300))
    said = simulated.true[done].tolist()
    first = expected_cost.scores(simulated.pool, done, said)
    assert np.array_equal(first, expected_cost.scores(simulated.pool, done, said))


def test_a_review_between_two_fits_still_moves_its_neighbours() -> None:
    simulated = simulated_pool(4, scenes=20, frames=600)
    done = np.flatnonzero(simulated.pool["pos"] % 2 == 0)[:210].tolist()
    said = simulated.true[done].tolist()
    before = expected_cost.level_probabilities(simulated.pool, done[:-1], said[:-1])
    after = expected_cost.level_probabilities(simulated.pool, done, said)
    changed = set(simulated.pool["scene"][np.abs(after - before).max(axis=1) > 1e-12])
    assert changed == {simulated.pool["scene"][done[-1]]}


def test_a_pool_of_nothing_and_a_pool_of_one_frame_have_scores() -> None:
    empty = {name: values[:0] for name, values in alike_frames().items()}
    assert expected_cost.scores(empty, [], []).shape == (0,)
    one = {name: values[:1] for name, values in alike_frames().items()}
    assert expected_cost.scores(one, [0], [2]).shape == (1,)


def test_people_who_always_say_the_same_leave_finite_scores() -> None:
    simulated = simulated_pool(4, scenes=20, frames=600)
    for level in (0, 2):
        found = expected_cost.scores(simulated.pool, list(range(400)), [level] * 400)
        assert np.isfinite(found).all()


def test_missing_probabilities_count_as_not_knowing() -> None:
    pool = alike_frames(probs=np.full((6, 3), np.nan))
    assert expected_cost.level_probabilities(pool, [], []) == pytest.approx(np.full((6, 3), 1 / 3))


@pytest.fixture(scope="module")
def usual() -> SimulatedPool:
    return simulated_pool(0)


def test_a_fifth_of_the_reviews_reaches_85_percent_of_the_missed_teleoperations(usual: SimulatedPool) -> None:
    found = reached(expected_cost.scores, usual)
    assert found["all"][1] >= 85
    assert found["all"][2] >= 90
    assert found["said_autonomy"][1] >= 85
    assert found["said_autonomy"][2] >= 90


def test_the_static_form_reaches_less(usual: SimulatedPool) -> None:
    assert reached(static_miss, usual)["all"][1] < 80


def test_reviewers_who_overlook_one_teleoperation_in_ten_do_not_mislead_the_order(
    usual: SimulatedPool,
) -> None:
    overlooks = np.random.default_rng(0).random(len(usual.true)) < 0.1

    def scores(pool: Any, reviewed: Any, levels: Any) -> NDArray[np.float64]:
        said = [
            1 if level == 2 and overlooks[i] else level for i, level in zip(reviewed, levels, strict=True)
        ]
        return expected_cost.scores(pool, reviewed, said)

    found = reached(scores, usual)
    assert found["all"][1] >= 85
    assert found["all"][2] >= 90


def test_a_cue_that_nobody_could_look_for_speaks_for_nothing() -> None:
    shown = np.array([[1.0], [0.0], [np.nan]])
    places = unverified_features(
        pool := a_pool([S, S, S], cues=shown, scene=np.arange(3)),
        static_probabilities(pool),
        surroundings(pool),
    )
    with_cue, without, unknown = places[:, np.ptp(places, axis=0) > 0].T[0]
    assert unknown == pytest.approx(0)
    assert without == pytest.approx(-with_cue)


def test_an_order_is_told_which_cues_nobody_could_look_for() -> None:
    rows = [
        FrameRow(
            "a", Split.TRAIN, is_open=True, scene="s", place=0, cues={"night": "dark"}, unknown_cues=None
        ),
        FrameRow("b", Split.TRAIN, is_open=True, scene="s", place=1, cues={}, unknown_cues=["construction"]),
    ]
    nothing: dict[ModelRole, list[Any]] = {ModelRole.TEACHER: [], ModelRole.STUDENT: []}
    cues = pool_of(rows, OrderFacts([], nothing, nothing, []))["cues"]
    construction, night = (list(Cue).index(one) for one in (Cue.CONSTRUCTION, Cue.NIGHT))
    assert cues[:, night].tolist() == [1.0, 0.0]
    assert np.isnan(cues[:, construction]).tolist() == [False, True]
