"""The supervised warm-up: the chosen side alone, before pairs are compared. An option that the paper does not have."""

from __future__ import annotations

from typing import Any

import torch

from training.pairs.packing import CHOSEN
from training.trainer.sa_dpo_trainer import SADPOTrainer


def chosen_tokens(batch: dict[str, Any]) -> torch.Tensor:
    """How many tokens the chosen answer of each pair has, of shape (pairs,), in a batch of either form."""
    mask: torch.Tensor = batch["completion_mask"]
    chosen = mask * (batch["segments"] == CHOSEN) if "segments" in batch else mask.chunk(2)[0]
    return chosen.sum(dim=1)


class WarmUpTrainer(SADPOTrainer):
    """-log pi(y_w | x) per token of the chosen answer, in nats, as the mean over pairs; weights play no part."""

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: int | torch.Tensor | None = None,
    ) -> Any:
        """The scalar loss of a batch, or (loss, outputs)."""
        batch = {name: value for name, value in inputs.items() if name not in ("weight", "pair_id")}
        outputs, (chosen, _) = self._logps(model, batch)
        loss = -(chosen / chosen_tokens(batch)).mean()
        return (loss, outputs) if return_outputs else loss
