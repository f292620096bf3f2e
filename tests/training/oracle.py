"""SA-DPO written a second time, sharing nothing with the trainer: no TRL, no PEFT, no padding, no batching.

One sequence at a time through the plain model, the adapter as a sum of matrices, log-probabilities in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

from data.snapshot.pairs import PreferencePair

Adapter = dict[str, tuple[torch.Tensor, torch.Tensor]]
"""Layer name -> (A of shape (rank, in), B of shape (out, rank))."""


def adapter_of(peft_model: Any) -> Adapter:
    """Copies of the adapter's matrices as leaves that take gradients."""
    state = {name: value.detach().clone() for name, value in peft_model.named_parameters() if "lora_" in name}
    layers = sorted({name.split(".lora_")[0] for name in state})
    return {
        layer.removeprefix("base_model.model."): (
            state[f"{layer}.lora_A.default.weight"].requires_grad_(),
            state[f"{layer}.lora_B.default.weight"].requires_grad_(),
        )
        for layer in layers
    }


def oracle_loss(
    base: Any,
    processor: Any,
    pairs: Sequence[tuple[PreferencePair, Image.Image, float]],
    adapter: Adapter,
    *,
    scale: float,
    beta: float,
) -> torch.Tensor:
    """Equation 2 over (pair, image, weight), a float64 scalar. `scale` is LoRA's alpha / rank."""
    plain = dict(base.named_parameters())
    adapted = plain | {
        f"{layer}.weight": plain[f"{layer}.weight"].detach() + scale * (b @ a)
        for layer, (a, b) in adapter.items()
    }
    total = torch.zeros((), dtype=torch.float64)
    for pair, image, weight in pairs:
        ratios = []
        for side in (pair.chosen, pair.rejected):
            inputs, start = _tokens(processor, pair, image, side[0].content)
            policy = _logps(base, adapted, inputs, start)
            with torch.no_grad():
                reference = _logps(base, plain, inputs, start)
            ratios.append(policy - reference)
        z = beta * (ratios[0] - ratios[1])
        total = total + weight * torch.log1p(torch.exp(-z))
    return total / len(pairs)


def _tokens(processor: Any, pair: PreferencePair, image: Image.Image, answer: str) -> tuple[Any, int]:
    system, question = (turn.content for turn in pair.prompt)
    prompt = (
        f"<|im_start|>system\n{system}<|im_end|>\n"
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>"
        f"{question}<|im_end|>\n<|im_start|>assistant\n"
    )
    before = processor(images=[image], text=[prompt], return_tensors="pt")
    whole = processor(images=[image], text=[f"{prompt}{answer}<|im_end|>\n"], return_tensors="pt")
    return whole, before["input_ids"].shape[1]


def _logps(base: Any, parameters: dict[str, torch.Tensor], inputs: Any, start: int) -> torch.Tensor:
    out: Any = torch.func.functional_call(base, parameters, kwargs={**inputs, "use_cache": False})
    logps = out.logits[0].double().log_softmax(dim=-1)
    ids = inputs["input_ids"][0]
    return torch.as_tensor(logps[start - 1 : -1].gather(1, ids[start:, None]).sum())
