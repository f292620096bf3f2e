"""TRL's DPOTrainer with the loss of SA-DPO. The only module that knows TRL's inner names; written against TRL 1.16.

TRL has no weight per pair: an extra column is dropped without a word, and its loss is a mean with no place for one.
So the column is declared here, the collator carries it, and the loss is computed here from the same forward passes.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import torch
from accelerate.utils import gather_object
from safetensors import SafetensorError
from trl.models.utils import disable_gradient_checkpointing
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.utils import use_adapter

from data.errors import TrainingError
from training.models.folder import first_line
from training.models.shared_vision import vision_once
from training.pairs.collator import OURS
from training.pairs.packing import CHOSEN, additive, answer_sums, sharing_mask
from training.record.checkpoints import checkpoint_folder
from training.sa_dpo import preference_margin, sa_dpo_losses
from training.trainer.reference_cache import Logps, ReferenceCache

Answers = tuple[torch.Tensor, torch.Tensor]
"""(chosen, rejected), each of shape (pairs,): log-probabilities summed over an answer's tokens."""

Seal = Callable[[Path, int], None]
"""Called with a checkpoint's folder and its number of updates when all of it is written."""

SAVING_ERRORS = (OSError, RuntimeError, SafetensorError)
"""What a full disk looks like, depending on who was writing."""

_NOT_FOR_THE_MODEL = {"completion_mask", "segments", "ref_chosen_logps", "ref_rejected_logps"}


@dataclass(frozen=True)
class PairScores:
    """What one batch says of its pairs; every tensor has shape (pairs,). Log-probabilities are sums over tokens.

    `losses` are weighted; `chosen_tokens`: how many the chosen answer has.
    """

    weights: torch.Tensor
    losses: torch.Tensor
    chosen_tokens: torch.Tensor
    policy_chosen: torch.Tensor
    policy_rejected: torch.Tensor
    reference_chosen: torch.Tensor
    reference_rejected: torch.Tensor

    def table(self) -> torch.Tensor:
        """One row per pair, one column per field, in the fields' order."""
        columns = [getattr(self, field.name) for field in fields(self)]
        return torch.stack([column.detach().float() for column in columns], dim=1)


def chosen_tokens(batch: dict[str, Any]) -> torch.Tensor:
    """How many tokens the chosen answer of each pair has, of shape (pairs,), in a batch of either form."""
    mask: torch.Tensor = batch["completion_mask"]
    chosen = mask * (batch["segments"] == CHOSEN) if "segments" in batch else mask.chunk(2)[0]
    return chosen.sum(dim=1)


def supervised_loss(
    policy_chosen: torch.Tensor, weights: torch.Tensor, tokens: torch.Tensor | int
) -> torch.Tensor:
    """-w log pi(y_w | x) summed over pairs, of shape (pairs,) both, and divided by a number of tokens; a scalar."""
    return (weights.to(policy_chosen) * -policy_chosen).sum() / tokens


class SADPOTrainer(DPOTrainer):
    """DPOTrainer whose loss is equation 2 of the paper: each pair's loss times its weight, then the mean over pairs.

    With all weights 1 its parameters after any number of steps are those of DPOTrainer, to the last bit. Logs, beside
    TRL's rewards, loss, reward margin and accuracy for each weight, and how many pairs of it have been seen.
    """

    model: Any  # TRL's own annotation allows None, which it never is
    _signature_columns: Any  # inferred as None there

    def __init__(
        self,
        *args: Any,
        reference_cache: ReferenceCache | None = None,
        seal: Seal | None = None,
        sft_weight: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """As DPOTrainer. `reference_cache`: where reference log-probabilities are kept; None: computed every time.

        sft_weight: how much of the chosen side's supervised loss is added, as TRL's loss type "sft" has it, times the
        pair's weight.
        """
        super().__init__(*args, **kwargs)
        self.sft_weight = sft_weight
        self._seal = seal
        self.reference_cache = reference_cache
        self._pairs_seen: dict[str, Counter[float]] = {"train": Counter(), "eval": Counter()}
        self._refuse_options_without_effect()

    def count_as_seen(self, weights: list[float]) -> None:
        """Pairs that were trained on before this process began: the counts of a resumed run go on from there."""
        self._pairs_seen["train"].update(weights)

    def _refuse_options_without_effect(self) -> None:
        plain = {
            "loss_type": self.loss_types == ["sigmoid"],
            "loss_weights": self.loss_weights == [1.0],
            "label_smoothing": self.label_smoothing == 0.0,
            "f_divergence_type": self.f_divergence_type == "reverse_kl",
            "ld_alpha": self.ld_alpha is None,
            "use_weighting": not self.use_weighting,
            "router_aux_loss_coef": not self.aux_loss_enabled,
        }
        if not all(plain.values()):
            changed = ", ".join(name for name, is_plain in plain.items() if not is_plain)
            raise TrainingError(f"SA-DPO's loss does not read {changed}: leave TRL's default.")

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()  # type: ignore[no-untyped-call]  # untyped in TRL
        ours = [column for column in OURS if column not in (self._signature_columns or [])]
        self._signature_columns = [*(self._signature_columns or []), *ours]

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: int | torch.Tensor | None = None,
    ) -> Any:
        """The scalar loss of a batch of the weighted collator, or (loss, outputs).

        Raises TrainingError if the batch has no weights: they are never taken to be 1.
        """
        batch = dict(inputs)
        if "weight" not in batch:
            raise TrainingError("The batch has no weights: use training.pairs.collator.WeightedPairCollator.")
        weights, offsets, doubts = (batch.pop(name) for name in ("weight", "offset", "doubt"))
        pair_ids = batch.pop("pair_id", [])
        with vision_once(self.model) if "segments" in batch else contextlib.nullcontext():
            reference_chosen, reference_rejected = self._reference_logps(model, batch, pair_ids)
            outputs, (policy_chosen, policy_rejected) = self._logps(model, batch)
        margins = preference_margin(policy_chosen, policy_rejected, reference_chosen, reference_rejected)
        losses = sa_dpo_losses(
            margins,
            weights.to(margins),
            beta=self.beta,
            offsets=offsets.to(margins),
            doubts=doubts.to(margins),
        )
        tokens = chosen_tokens(batch)
        self._record(
            PairScores(
                weights,
                losses,
                tokens,
                policy_chosen,
                policy_rejected,
                reference_chosen,
                reference_rejected,
            )
        )
        loss = losses.mean()
        if self.sft_weight:
            loss = loss + self.sft_weight * supervised_loss(policy_chosen, weights, tokens.sum())
        return (loss, outputs) if return_outputs else loss

    def _logps(self, model: Any, batch: dict[str, Any]) -> tuple[Any, Answers]:
        """The model's outputs and each answer's log-probability, of a batch in either form."""
        outputs = self._outputs(model, batch)
        if "segments" in batch:
            return outputs, answer_sums(outputs.log_probs, batch["segments"])
        chosen, rejected = outputs.log_probs.sum(dim=1).chunk(2)
        return outputs, (chosen, rejected)

    def outputs_of(self, rows: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], torch.Tensor]:
        """(the batch that the collator makes of some rows, the log-probabilities of the token after each)."""
        prepared = self._prepare_inputs(self.data_collator(list(rows)))
        batch = {name: value for name, value in prepared.items() if name not in OURS}
        return batch, self._outputs(self.model, batch).log_probs

    def _outputs(self, model: Any, batch: dict[str, Any]) -> Any:
        """`log_probs` among them: of the token after each, 0 where it is no answer's."""
        arguments = {name: value for name, value in batch.items() if name not in _NOT_FOR_THE_MODEL}
        labels = batch["input_ids"].masked_fill(batch["completion_mask"] == 0, -100)
        if "segments" in batch:
            arguments["attention_mask"] = additive(sharing_mask(batch["segments"]), self._attention_dtype())
        return model(**arguments, labels=labels, use_cache=False, fused_lm_head=True)

    def _attention_dtype(self) -> torch.dtype:
        """In what attention computes here: a mask must be of the same."""
        device = self.accelerator.device.type
        autocast = torch.is_autocast_enabled(device)
        dtype: torch.dtype = torch.get_autocast_dtype(device) if autocast else self.model.dtype
        return dtype

    def _reference_logps(self, model: Any, batch: dict[str, Any], pair_ids: list[str]) -> Answers:
        """The reference's: from the batch if it brings them, else as kept, else computed."""
        if "ref_chosen_logps" in batch:
            return batch["ref_chosen_logps"], batch["ref_rejected_logps"]
        kept = self.reference_cache.find(pair_ids) if self.reference_cache else None
        if not self._everywhere(kept is not None):
            with self.as_reference():
                _, answers = self._logps(model, batch)
            self._keep_reference(pair_ids, answers)
        if kept is not None:
            chosen, rejected = torch.tensor(kept, device=self.accelerator.device).T
            answers = chosen, rejected
        return answers

    @contextlib.contextmanager
    def as_reference(self) -> Iterator[None]:
        """Inside, the model is the reference: without the adapter, or with the frozen one that training began at."""
        model = self.accelerator.unwrap_model(self.model)
        frozen = "ref" if "ref" in model.peft_config else None
        with (
            torch.no_grad(),
            disable_gradient_checkpointing(self.model, cast(Any, self.args.gradient_checkpointing_kwargs)),
            use_adapter(model, adapter_name=frozen),
            self.accelerator.autocast(),
        ):
            yield

    def _everywhere(self, here: bool) -> bool:
        """Whether it holds in every process: where parameters are sharded, all must run the model or none."""
        if self.accelerator.num_processes == 1 or self.reference_cache is None:
            return here
        missing = torch.tensor([0 if here else 1], device=self.accelerator.device)
        return int(self.accelerator.reduce(missing).item()) == 0

    def _keep_reference(self, pair_ids: list[str], answers: Answers) -> None:
        """Every process learns what any of them computed; the main one writes it down."""
        if self.reference_cache is None:
            return
        rows: list[list[float]] = torch.stack(answers, dim=1).float().tolist()
        found: list[tuple[str, Logps]] = [
            (pair_id, (chosen, rejected)) for pair_id, (chosen, rejected) in zip(pair_ids, rows, strict=True)
        ]
        self.reference_cache.add(gather_object(found), write=self.is_world_process_zero())

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """Also counts whether the update is clipped: then its size is fixed, and weights act within its batch alone."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)  # type: ignore[no-untyped-call]  # untyped
        self._metrics["train"]["clip_rate"].append(float(norm > self.args.max_grad_norm))
        return norm

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """A checkpoint that is whole and sealed, or none: TrainingError if it cannot be written."""
        step = self.state.global_step
        checkpoint = checkpoint_folder(Path(str(self.args.output_dir)), step)
        try:
            super()._save_checkpoint(model, trial)  # type: ignore[no-untyped-call]  # untyped in TRL
            self.accelerator.wait_for_everyone()
            if self._seal and self.is_world_process_zero():
                self._seal(checkpoint, step)
        except SAVING_ERRORS as error:
            shutil.rmtree(checkpoint, ignore_errors=True)
            raise TrainingError(
                f"The checkpoint after step {step} could not be written ({first_line(error)}). Earlier ones are "
                "whole: make room and go on with --resume."
            ) from error

    def _record(self, scores: PairScores) -> None:
        rows = self.accelerator.gather_for_metrics(scores.table()).tolist()
        self._keep((row[0], _figures(*row, beta=self.beta)) for row in rows)

    def _keep(self, of_pairs: Iterable[tuple[float, dict[str, float]]]) -> None:
        """Keep each pair's weight and figures; TRL logs the mean over what was kept since its last line."""
        mode = "train" if self.model.training else "eval"
        for weight, figures in of_pairs:
            for name, value in figures.items():
                self._metrics[mode][name].append(value)
            self._pairs_seen[mode][weight] += 1
        for weight, seen in self._pairs_seen[mode].items():
            self._metrics[mode][f"pairs_seen/weight_{weight:g}"] = [seen]


def _figures(
    weight: float,
    loss: float,
    tokens: float,
    policy_chosen: float,
    policy_rejected: float,
    reference_chosen: float,
    reference_rejected: float,
    *,
    beta: float,
) -> dict[str, float]:
    """One pair's figures by the name they are logged under: TRL's names, and ours by weight.

    The loss by weight is the unweighted one, so that the weights can be compared with each other.
    """
    chosen_reward = beta * (policy_chosen - reference_chosen)
    rejected_reward = beta * (policy_rejected - reference_rejected)
    margin = chosen_reward - rejected_reward
    return {
        "rewards/chosen": chosen_reward,
        "rewards/rejected": rejected_reward,
        "rewards/margins": margin,
        "rewards/accuracies": float(margin > 0),
        "logps/chosen": policy_chosen,
        "logps/rejected": policy_rejected,
        "sft_loss": -policy_chosen / tokens,
        "unweighted_loss": loss / weight,
        f"loss/weight_{weight:g}": loss / weight,
        f"margin/weight_{weight:g}": margin,
        f"accuracy/weight_{weight:g}": float(margin > 0),
    }
