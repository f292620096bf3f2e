"""The loss of SA-DPO as a pure function, and the weight of a pair. No model, no trainer, no I/O."""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid

from data.snapshot.pairs import pair_weight

__all__ = ["pair_weight", "preference_margin", "sa_dpo_loss", "sa_dpo_losses"]


def preference_margin(
    policy_chosen_logps: torch.Tensor,
    policy_rejected_logps: torch.Tensor,
    reference_chosen_logps: torch.Tensor,
    reference_rejected_logps: torch.Tensor,
) -> torch.Tensor:
    """Delta_theta(x, y_w, y_l), equation 3 of the paper, shape (pairs,).

    How much more the policy prefers chosen to rejected than the reference does, in nats. Each argument has shape
    (pairs,) and holds log-probabilities summed over the completion's tokens.
    """
    return (policy_chosen_logps - reference_chosen_logps) - (policy_rejected_logps - reference_rejected_logps)


def sa_dpo_losses(
    margins: torch.Tensor,
    weights: torch.Tensor,
    *,
    beta: float,
    offsets: torch.Tensor | None = None,
    doubts: torch.Tensor | None = None,
) -> torch.Tensor:
    """-w(y_w, y_l) log sigma(beta Delta_theta), equation 2 of the paper, one value per pair, shape (pairs,).

    Two options that the paper does not have, each of shape (pairs,):
    offsets: log sigma(beta Delta - offset) instead, in nats (ODPO, Amini et al. 2024, equation 8): a pair is won only
    beyond its offset, so that a costly one goes on pulling where a weight has nothing left to multiply.
    doubts: in 0..0.5, the probability that the rejected side is the right one (cDPO, Mitchell 2023): the loss is
    -(1 - doubt) log sigma(z) - doubt log sigma(-z), least at z = ln((1 - doubt) / doubt) and not at infinity.
    With every offset and doubt 0 it is equation 2 to the last bit.
    """
    if margins.shape != weights.shape:
        raise ValueError(f"{tuple(margins.shape)} margins do not fit {tuple(weights.shape)} weights")
    rewards = beta * margins if offsets is None else beta * margins - offsets
    if doubts is None:
        return weights * -logsigmoid(rewards)
    return weights * -((1 - doubts) * logsigmoid(rewards) + doubts * logsigmoid(-rewards))


def sa_dpo_loss(
    policy_chosen_logps: torch.Tensor,
    policy_rejected_logps: torch.Tensor,
    reference_chosen_logps: torch.Tensor,
    reference_rejected_logps: torch.Tensor,
    weights: torch.Tensor,
    *,
    beta: float,
) -> torch.Tensor:
    """L_SA-DPO, equations 2 and 3 of the paper, as the mean over pairs; a scalar.

    Every tensor has shape (pairs,). The log-probabilities are summed over the completion's tokens, under the model
    being trained (policy) and under the base model it started from (reference). `weights` holds w(y_w, y_l) of
    equation 4: 5, 2 or 1 by default. `beta`: how strongly the policy is held to the reference, above 0.

    The sum is divided by the number of pairs, not by the sum of the weights: a batch that holds costly mistakes
    weighs more than one that does not, and a mean over micro-batches of one size is the mean over their pairs.
    With all weights 1 this is the DPO loss, equation 1.

    >>> logps = torch.tensor([0.0]), torch.tensor([0.0]), torch.tensor([0.0]), torch.tensor([0.0])
    >>> round(sa_dpo_loss(*logps, torch.tensor([5.0]), beta=0.1).item(), 4)
    3.4657
    """
    margins = preference_margin(
        policy_chosen_logps, policy_rejected_logps, reference_chosen_logps, reference_rejected_logps
    )
    return sa_dpo_losses(margins, weights, beta=beta).mean()
