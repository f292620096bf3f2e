"""Each sign on a log that shows it, and none on a log that is well."""

from __future__ import annotations

import pytest

from training.process.warning_signs import Line, Sign, warning_signs

WELL: Line = {
    "loss": 0.6,
    "grad_norm": 0.8,
    "rewards/accuracies": 0.8,
    "rewards/margins": 1.0,
    "logps/chosen": -120.0,
}


def a_log(*, lines: float = 8, **changed: float) -> list[Line]:
    """A log of one line per step; its first line is well, the others as changed."""
    names = {"accuracy": "rewards/accuracies", "margin": "rewards/margins", "chosen": "logps/chosen"}
    different = {names.get(name, name): value for name, value in changed.items()}
    return [
        WELL | {"step": 1.0},
        *(WELL | different | {"step": float(step)} for step in range(2, int(lines) + 1)),
    ]


def test_a_log_that_is_well_shows_no_sign() -> None:
    assert warning_signs(a_log(), steps=8) == {}


@pytest.mark.parametrize(
    ("changed", "sign", "sentence"),
    [
        ({"accuracy": 0.5}, "no_learning", "50% of the pairs are in the right order, which is chance"),
        ({"chosen": -135.0}, "displaced", "less likely, by 15.0 nats each"),
        ({"margin": 31.0}, "runaway", "The mean reward margin is 31"),
        ({"grad_norm": 250.0}, "clipped", "The gradient norm is 250"),
    ],
)
def test_a_log_shows_its_sign_and_no_other(changed: dict[str, float], sign: Sign, sentence: str) -> None:
    found = warning_signs(a_log(**changed), steps=8)
    assert list(found) == [sign]
    assert sentence in found[sign]


def test_a_run_without_gradients_is_told_to_stop() -> None:
    log = [WELL | {"grad_norm": 0.0, "step": float(step)} for step in range(1, 9)]
    assert warning_signs(log, steps=8)["no_gradient"].startswith("No gradient has reached the adapter")


def test_nothing_is_said_of_the_first_lines() -> None:
    assert warning_signs(a_log(lines=3, margin=99.0), steps=100) == {}


def test_chance_in_the_first_quarter_is_no_sign_yet() -> None:
    assert warning_signs(a_log(accuracy=0.5), steps=100) == {}
