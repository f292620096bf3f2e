"""The first stage: the vision tower learns to see, with heads that are thrown away afterwards.

They name the hazard, its gap, where it stands, the weather and cones. Without this stage a model of this size learns
to write and never looks: words alone are too weak a teacher for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from data.demo.miniature.frames import HEIGHT_PX, WIDTH_PX
from data.demo.miniature.roads import Situation
from training.miniature.shape import TEXT_SIZE

Pictures = npt.NDArray[np.uint8]
"""(pictures, 96, 192, 3)."""
Said = Callable[[str], None]

_PATCH, _MERGE = 16, 2
_GRID = (1, HEIGHT_PX // _PATCH, WIDTH_PX // _PATCH)
_HAZARDS = (None, "police officer", "deer", "excavator", "fallen tree")
_PLACES = (None, "in", "beside", "off")
_WEATHERS = (None, "fog", "rain")
_OUTPUTS = (len(_HAZARDS), 1, len(_PLACES), len(_WEATHERS), 2)
_BATCH, _RATE, _DECAY = 32, 1e-3, 0.05
_FIRST_STEPS = 60
_SAY_EVERY = 200


def grids(pictures: int) -> torch.Tensor:
    """How many patches each picture has in time, down and across: (pictures, 3)."""
    return torch.tensor([_GRID] * pictures)


def patches(pictures: Pictures) -> torch.Tensor:
    """Pictures as Qwen-VL's image processor hands them over: (pictures * 72, 1536), a picture's patches in a row."""
    values = torch.from_numpy(np.ascontiguousarray(pictures)).float().div_(127.5).sub_(1).permute(0, 3, 1, 2)
    count, (_, down, across) = len(pictures), _GRID
    blocks = values.reshape(count, 3, down // _MERGE, _MERGE, _PATCH, across // _MERGE, _MERGE, _PATCH)
    ordered = blocks.permute(0, 2, 5, 3, 6, 1, 4, 7).unsqueeze(
        6
    )  # block down, across, patch in it, channel, …
    twice = ordered.expand(-1, -1, -1, -1, -1, -1, 2, -1, -1)  # a still picture is shown twice in time
    return twice.reshape(count * down * across, -1)


def varied(pictures: Pictures, dice: np.random.Generator) -> Pictures:
    """The same roads in other light, a little up or down, half of them mirrored: what they hold stays the same."""
    if dice.integers(2):
        pictures = pictures[:, :, ::-1]
    bright, shift = dice.uniform(0.85, 1.15), dice.uniform(-10, 10)
    lit = np.clip(pictures.astype(np.float32) * bright + shift, 0, 255).astype(np.uint8)
    return np.roll(lit, int(dice.integers(-2, 3)), axis=1)


def teach_to_see(
    model: Any, pictures: Pictures, situations: Sequence[Situation], *, steps: int, say: Said
) -> nn.Module:
    """Train the vision tower in place; the heads are returned, for a measurement."""
    heads = _heads()
    tower = model.model.visual
    parameters = [*tower.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_DECAY)
    truth, dice = _truth(situations), np.random.default_rng(0)
    tower.train()
    for step in range(steps):
        some = dice.choice(len(pictures), _BATCH, replace=False)
        set_rate(optimiser, _RATE, step, steps)
        loss = _loss(_seen(tower, heads, varied(pictures[some], dice)), [one[some] for one in truth])
        update(optimiser, loss, parameters)
        if (step + 1) % _SAY_EVERY == 0:
            say(f"sight, step {step + 1} of {steps}: loss {loss.item():.3f}")
    tower.eval()
    return heads


@torch.no_grad()
def sees(
    model: Any, heads: nn.Module, pictures: Pictures, situations: Sequence[Situation]
) -> dict[str, float]:
    """How often the heads are right about pictures, and how far their gaps are off in metres at the median."""
    parts = [_seen(model.model.visual, heads, pictures[at : at + 250]) for at in range(0, len(pictures), 250)]
    hazard, gap, place, weather, cones = torch.split(torch.cat(parts), list(_OUTPUTS), dim=1)
    true_hazard, true_gap, true_place, true_weather, true_cones = _truth(situations)
    there = true_hazard > 0
    right = {
        name: float((found.argmax(dim=1) == true).float().mean())
        for name, found, true in (
            ("hazard", hazard, true_hazard),
            ("place", place, true_place),
            ("weather", weather, true_weather),
            ("cones", cones, true_cones),
        )
    }
    return {**right, "gap_error_m": float((gap[there, 0] - true_gap[there]).abs().median())}


def update(optimiser: torch.optim.Optimizer, loss: torch.Tensor, parameters: list[nn.Parameter]) -> None:
    """One step down the gradient, its length held to 1."""
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimiser.step()


def set_rate(optimiser: torch.optim.Optimizer, rate: float, step: int, steps: int) -> None:
    """Up over the first steps, then evenly down to a thirtieth."""
    share = min(1.0, (step + 1) / _FIRST_STEPS) * max(0.03, 1 - step / steps)
    for group in optimiser.param_groups:
        group["lr"] = rate * share


def _heads() -> nn.Module:
    """Over the mean of a picture's tokens, so that each token learns to hold what language will look for."""
    return nn.Sequential(
        nn.LayerNorm(2 * TEXT_SIZE), nn.Linear(2 * TEXT_SIZE, 128), nn.GELU(), nn.Linear(128, sum(_OUTPUTS))
    )


def _seen(tower: Any, heads: nn.Module, pictures: Pictures) -> torch.Tensor:
    out = tower(patches(pictures), grid_thw=grids(len(pictures)))
    tokens = torch.cat([out.pooler_output, *out.deepstack_features], dim=-1)
    found: torch.Tensor = heads(tokens.reshape(len(pictures), -1, 2 * TEXT_SIZE).mean(dim=1))
    return found


def _truth(situations: Sequence[Situation]) -> list[torch.Tensor]:
    hazards = [_HAZARDS.index(one.hazard) for one in situations]
    gaps = [one.gap_m if one.hazard else 0.0 for one in situations]
    places = [_PLACES.index(one.where if one.hazard else None) for one in situations]
    weathers = [_WEATHERS.index(one.weather) for one in situations]
    cones = [int(one.cones) for one in situations]
    return [torch.tensor(values) for values in (hazards, gaps, places, weathers, cones)]


def _loss(found: torch.Tensor, truth: list[torch.Tensor]) -> torch.Tensor:
    hazard, gap, place, weather, cones = torch.split(found, list(_OUTPUTS), dim=1)
    there = truth[0] > 0
    named = functional.cross_entropy(hazard, truth[0]) + functional.cross_entropy(place, truth[2])
    around = functional.cross_entropy(weather, truth[3]) + functional.cross_entropy(cones, truth[4])
    return named + 0.5 * around + 2 * functional.smooth_l1_loss(gap[there, 0], truth[1][there], beta=0.3)
