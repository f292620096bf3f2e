"""Supervised training on the chosen side alone: a recipe's whole objective, or the start before pairs are compared."""

from __future__ import annotations

from typing import Any

import torch

from training.pairs.collator import OURS
from training.pairs.packing import answer_sums
from training.trainer.sa_dpo_trainer import SADPOTrainer, supervised_loss


class SupervisedTrainer(SADPOTrainer):
    """-log pi(y_w | x), each pair's times its weight, over the number of answer tokens in the whole update.

    With all weights 1 it is the loss of TRL's SFTTrainer on prompts and completions. Its batches are those of a
    collator with `chosen_only`, and no reference is asked. Logs the loss per token for each weight.
    """

    loss_is_scaled_for_ga: Any = (
        True  # by the tokens of all accumulated batches, counted below; None to TRL's types
    )

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, Any]], device: Any) -> torch.Tensor:
        """Answer tokens of an update, over all processes."""
        tokens = torch.stack([batch["completion_mask"].sum() for batch in batch_samples]).sum()
        return torch.as_tensor(self.accelerator.gather(tokens.to(device))).sum()

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: int | torch.Tensor | None = None,
    ) -> Any:
        """The scalar loss of a batch, or (loss, outputs)."""
        batch = {name: value for name, value in inputs.items() if name not in OURS}
        outputs = self._outputs(model, batch)
        packed = "segments" in batch
        chosen = (
            answer_sums(outputs.log_probs, batch["segments"])[0] if packed else outputs.log_probs.sum(dim=1)
        )
        tokens = batch["completion_mask"].sum(dim=1)
        self._record_answers(inputs["weight"], chosen, tokens)
        loss = supervised_loss(chosen, inputs["weight"], tokens.sum())
        if num_items_in_batch is not None:
            of_all = (
                self.accelerator.num_processes / num_items_in_batch
            )  # gradients are averaged over processes
            loss = supervised_loss(chosen, inputs["weight"], 1) * of_all
        return (loss, outputs) if return_outputs else loss

    def _record_answers(self, weights: torch.Tensor, chosen: torch.Tensor, tokens: torch.Tensor) -> None:
        table = torch.stack([weights.to(chosen), chosen.detach(), tokens.to(chosen)], dim=1)
        rows: list[list[float]] = self.accelerator.gather_for_metrics(table).tolist()
        self._keep(
            (weight, {"sft_loss": -logps / n, f"loss/weight_{weight:g}": -logps / n, "logps/chosen": logps})
            for weight, logps, n in rows
        )
