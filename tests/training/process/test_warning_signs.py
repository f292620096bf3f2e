"""Each sign on a log that shows it, and none on a log that is well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.vocabulary import LEVELS
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


def a_look(step: int, missed: int, false: float, said: tuple[float, float, float], **more: float) -> Line:
    """A look at 67 TELEOPERATION frames among 500, as in the miniature of the paper's table."""
    shares = {f"eval_said_{level.value}": share for level, share in zip(LEVELS, said, strict=True)}
    figures = {"step": step, "eval_teleoperation": 67, "eval_missed": missed, "eval_false": false}
    return figures | shares | more


def a_batch_line(step: int, accuracy: float, chosen: float, rejected: float) -> Line:
    return {
        "step": step,
        "loss": 0.2,
        "grad_norm": 1.0,
        "rewards/accuracies": accuracy,
        "rewards/margins": 3.0,
        "logps/chosen": chosen,
        "logps/rejected": rejected,
    }


ZERO_SHOT = a_look(0, 60, 0.009, (0.75, 0.2, 0.05))


def watched_log(accuracy: float, last: Line) -> list[Line]:
    """Ten lines of batches between the look at the untrained model and the last one."""
    return [ZERO_SHOT, *(a_batch_line(10 * n, accuracy, -60.0, -30.0) for n in range(1, 11)), last]


def test_standard_dpo_that_orders_all_pairs_and_misses_all_is_told_of() -> None:
    """486 of 500 frames were called AUTONOMY while 100 % of the pairs were in order and the loss was 0.013."""
    signs = warning_signs(watched_log(1.0, a_look(100, 67, 0.0, (0.972, 0.028, 0.0))), steps=100)
    assert set(signs) == {"style", "one_level"}
    assert (
        "misses 67 of 67 TELEOPERATION frames of the development part, 60 before training" in signs["style"]
    )
    assert signs["one_level"].startswith("The model says AUTONOMY to 97% of the development part")


def test_sa_dpo_that_buys_its_misses_with_false_calls_is_told_of() -> None:
    signs = warning_signs(watched_log(0.9, a_look(100, 52, 0.503, (0.33, 0.14, 0.53))), steps=100)
    assert set(signs) == {"false_calls"}
    assert signs["false_calls"].startswith(
        "50% of the frames that are not TELEOPERATION are called so, 1% before"
    )


def test_supervised_training_that_learns_the_levels_is_told_of_nothing() -> None:
    learnt = a_look(90, 10, 0.065, (0.44, 0.37, 0.19), eval_margin_level=1.2, eval_margin_words=4.0)
    assert warning_signs(watched_log(0.97, learnt), steps=100) == {}


def test_a_margin_won_by_words_alone_is_told_of_before_the_pairs_are_in_order() -> None:
    """0.23 of 28.4 nats lay on level tokens."""
    won = a_look(50, 58, 0.01, (0.7, 0.25, 0.05), eval_margin_level=0.23, eval_margin_words=28.17)
    signs = warning_signs(watched_log(0.8, won), steps=100)
    assert signs["style"].startswith("Of a margin of 28.4 nats 0.23 lie on the level, and 58 of 67")


LOGS = Path(__file__).parent / "logs"
"""Lines of `make bench-sa-dpo`: what its arms logged as they trained, by arm and seed."""


def a_kept_log(name: str) -> list[Line]:
    return [json.loads(line) for line in (LOGS / f"{name}.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "signs"),
    [
        ("standard_dpo-1", {"displaced", "sunk", "false_calls", "ranks_worse", "unreadable"}),
        ("standard_dpo-2", {"displaced", "sunk", "false_calls", "ranks_worse", "unreadable"}),
        ("sa_dpo-1", {"displaced", "sunk", "one_level", "false_calls", "ranks_worse", "unreadable"}),
        ("sa_dpo-2", {"displaced", "sunk", "style", "ranks_worse", "unreadable"}),
        ("sa_dpo_contrast-1", {"displaced", "sunk", "ranks_worse", "unreadable"}),
    ],
)
def test_signs_speak_on_what_failing_arms_logged(name: str, signs: set[Sign]) -> None:
    """Of what the model says and of what it decides."""
    assert set(warning_signs(a_kept_log(name), steps=60)) == signs


@pytest.mark.parametrize("name", ["sft-1", "sft-2", "cdpo_contrast-1"])
def test_no_sign_speaks_on_what_good_arms_logged_at_any_line(name: str) -> None:
    log = a_kept_log(name)
    last = [line for line in log if "eval_missed" in line][-1]
    assert last["eval_missed"] < last["eval_teleoperation"] / 3  # it has learnt the levels
    for lines in range(1, len(log) + 1):
        assert warning_signs(log[:lines], steps=60) == {}


def test_misses_that_no_threshold_mends_are_told_of() -> None:
    before, after = (
        {"eval_missed_at_false_calls": at, "eval_auc": auc, "eval_false_calls": 0.05}
        for at, auc in ((5, 0.97), (33, 0.58))
    )
    log = watched_log(0.9, a_look(100, 20, 0.2, (0.5, 0.2, 0.3), **after))
    log[0] = log[0] | before
    signs = warning_signs(log, steps=100)
    assert set(signs) == {"ranks_worse"}
    assert "calls 5% of the other frames falsely the model misses 33 of 67" in signs["ranks_worse"]
    log[-1] = log[-1] | {"eval_missed_at_false_calls": 11}  # within 10 % of 67
    assert warning_signs(log, steps=100) == {}


def test_replies_that_cannot_be_read_any_more_are_told_of() -> None:
    lost = a_look(100, 20, 0.1, (0.5, 0.3, 0.2), eval_unparsable=0.25)
    assert set(warning_signs(watched_log(0.9, lost), steps=100)) == {"unreadable"}


def test_rejected_answers_that_sink_alone_are_told_of() -> None:
    lines = [a_batch_line(10 * n, 0.9, -60.0, -30.0 - 5 * n) for n in range(1, 11)]
    assert set(warning_signs(lines, steps=100)) == {"sunk"}
