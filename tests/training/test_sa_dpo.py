"""The loss against values worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from data.vocabulary import TriageLevel
from tests.training.builders import A, S, T
from training.sa_dpo import pair_weight, preference_margin, sa_dpo_loss, sa_dpo_losses

POLICY_CHOSEN = torch.tensor([-10.0, -4.0])
POLICY_REJECTED = torch.tensor([-12.0, -3.0])
REFERENCE_CHOSEN = torch.tensor([-11.0, -4.0])
REFERENCE_REJECTED = torch.tensor([-11.0, -5.0])
LOGPS = (POLICY_CHOSEN, POLICY_REJECTED, REFERENCE_CHOSEN, REFERENCE_REJECTED)


def test_margin_is_how_much_more_the_policy_prefers_chosen_than_the_reference_does() -> None:
    assert preference_margin(*LOGPS).tolist() == [2.0, -2.0]


def test_each_pair_s_loss_is_its_weight_times_minus_log_sigmoid_of_beta_times_the_margin() -> None:
    # -log sigma(0.5 * 2) = log(1 + e^-1) = 0.313262; -log sigma(0.5 * -2) = log(1 + e) = 1.313262
    losses = sa_dpo_losses(torch.tensor([2.0, -2.0]), torch.tensor([5.0, 1.0]), beta=0.5)
    assert losses.tolist() == pytest.approx([5 * 0.3132617, 1.3132617], abs=1e-6)


def test_loss_is_the_mean_over_pairs_and_not_over_the_sum_of_weights() -> None:
    loss = sa_dpo_loss(*LOGPS, torch.tensor([5.0, 1.0]), beta=0.5)
    assert loss.item() == pytest.approx((5 * 0.3132617 + 1.3132617) / 2, abs=1e-6)


def test_at_the_reference_the_loss_is_the_mean_weight_times_log_two() -> None:
    same = torch.tensor([-7.0, -7.0, -7.0])
    loss = sa_dpo_loss(same, same, same, same, torch.tensor([5.0, 2.0, 1.0]), beta=0.1)
    assert loss.item() == pytest.approx(8 / 3 * math.log(2), abs=1e-6)


def test_gradient_of_each_pair_grows_with_its_own_weight_and_not_with_the_mean_weight() -> None:
    # d loss / d policy_chosen = -w * beta * sigma(-beta * margin) / pairs; at margin 0: -w * 0.1 * 0.5 / 2
    chosen = torch.tensor([-1.0, -1.0], requires_grad=True)
    same = torch.tensor([-1.0, -1.0])
    sa_dpo_loss(chosen, same, same, same, torch.tensor([5.0, 1.0]), beta=0.1).backward()  # type: ignore[no-untyped-call]  # untyped in torch
    assert chosen.grad is not None
    assert chosen.grad.tolist() == pytest.approx([-0.125, -0.025], abs=1e-7)


def test_with_all_weights_one_it_is_the_dpo_loss() -> None:
    loss = sa_dpo_loss(*LOGPS, torch.ones(2), beta=0.5)
    assert loss.item() == pytest.approx((0.3132617 + 1.3132617) / 2, abs=1e-6)


def test_a_large_margin_gives_no_overflow() -> None:
    assert sa_dpo_losses(torch.tensor([-1e5]), torch.tensor([5.0]), beta=0.1).tolist() == [50000.0]


def test_weights_of_another_shape_are_refused_and_never_broadcast() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        sa_dpo_loss(*LOGPS, torch.tensor([5.0]), beta=0.1)


@pytest.mark.parametrize(
    ("chosen", "rejected", "weight"),
    [(T, A, 7.0), (T, S, 3.0), (T, T, 1.0), (S, A, 1.0), (A, T, 1.0), (A, A, 1.0)],
)
def test_only_a_missed_teleoperation_weighs_more_than_one(
    chosen: TriageLevel, rejected: TriageLevel, weight: float
) -> None:
    assert pair_weight(chosen, rejected, alpha_high=7.0, alpha_med=3.0) == weight
