"""Exact search over stored vectors, and what is put on a stack."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.alike import vectors
from data.alike.maker import Maker
from data.alike.search import Floats, largest, similarities, stored
from data.alike.stacks import FEWEST_MOVING, Neighbours, cue_numbers, duplicate_distance, stack_numbers
from data.alike.vectors import Vectors


@pytest.mark.parametrize(("rows", "dims"), [(1, 1), (3, 7), (9_000, 33)])
def test_similarities_are_those_of_the_stored_numbers(rows: int, dims: int) -> None:
    rng = np.random.default_rng(rows)
    matrix = stored(rng.standard_normal((rows, dims)))
    query = matrix[rows // 2].astype(np.float32)
    expected = matrix.astype(np.float64) @ query.astype(np.float64)
    assert np.abs(similarities(matrix, query) - expected).max() < 1e-5
    assert similarities(matrix, query)[rows // 2] == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("has_older", [False, True])
def test_vectors_in_memory_and_in_their_file_are_as_near(
    has_older: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = stored(np.random.default_rng(0).standard_normal((300, 16)))
    row = np.arange(has_older, 300)
    frames = [f"frame-{number}" for number in row]

    def nearness() -> Floats:
        return Vectors(Maker("local", "drawn", "1"), frames, row, matrix).similarities("frame-7")

    in_memory = nearness()
    monkeypatch.setattr(vectors, "RESIDENT_BYTES", 0)
    assert np.allclose(in_memory, nearness(), atol=1e-6)
    assert frames[int(in_memory.argmax())] == "frame-7"


def test_every_float16_that_is_stored_is_read_as_itself() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    usable = every[np.isfinite(every) & (np.abs(every) <= 1)]
    found = similarities(usable[:, None], np.ones(1, dtype=np.float32))
    assert np.array_equal(found, usable.astype(np.float32))


@given(st.lists(st.integers(-3, 3), max_size=30), st.integers(0, 40))
def test_the_largest_come_first_and_equal_ones_in_their_order(values: list[int], n: int) -> None:
    expected = sorted(range(len(values)), key=lambda place: (-values[place], place))[:n]
    assert largest(np.array(values, dtype=np.float32), n).tolist() == expected


def some_frames(vectors: list[list[float]], **changes: object) -> Neighbours:
    n = len(vectors)
    fields = {
        "scene": np.zeros(n, dtype=np.int64),
        "vectors": np.array(vectors, dtype=np.float32) / np.linalg.norm(vectors, axis=1, keepdims=True),
        "cues": np.zeros(n, dtype=np.int64),
        "place_m": np.zeros((n, 2)),
        **changes,
    }
    return Neighbours(**fields)


ALIKE = [[1.0, 0.0], [1.0, 0.01], [1.0, 0.02], [0.0, 1.0]]


def test_look_alikes_of_a_standing_vehicle_are_one_stack() -> None:
    assert stack_numbers(some_frames(ALIKE), 0.001).tolist() == [0, 0, 0, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"scene": np.arange(4)},
        {"cues": cue_numbers([{}, {"night": "x"}, {}, {"rain": "x"}])},
        {"place_m": np.array([[0, 0], [1, 0], [2, 0], [3, 0]], dtype=np.float64)},
        {"place_m": np.full((4, 2), np.nan)},
    ],
)
def test_other_scenes_other_cues_and_moving_vehicles_are_no_stack(changes: dict[str, object]) -> None:
    assert stack_numbers(some_frames(ALIKE, **changes), 0.001).tolist() == [0, 1, 2, 3]


def test_a_slow_change_ends_a_stack() -> None:
    turning = [[np.cos(angle), np.sin(angle)] for angle in np.arange(6) * 0.04]
    assert stack_numbers(some_frames(turning), 0.0033).tolist() == [0, 0, 0, 3, 3, 3]


def test_the_distance_is_measured_on_pairs_in_motion() -> None:
    n = 4 * FEWEST_MOVING
    rng = np.random.default_rng(0)
    angles = np.cumsum(rng.uniform(0.1, 0.4, n))
    moving = some_frames(
        np.stack([np.cos(angles), np.sin(angles)], 1).tolist(),
        place_m=np.stack([np.arange(n) * 2.0, np.zeros(n)], 1),
    )
    most = duplicate_distance(moving)
    assert most is not None
    assert np.mean(moving.distance <= most) == pytest.approx(0.01, abs=0.004)
    assert duplicate_distance(some_frames(ALIKE)) is None
