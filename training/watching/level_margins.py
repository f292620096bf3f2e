"""Where a margin lies: on the tokens of the level, or on the words around it, which are style too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch

from data.vocabulary import LEVELS
from training.pairs.packing import CHOSEN, REJECTED

_LEVEL = re.compile(rf'"level":"({"|".join(level.value for level in LEVELS)})"')


def level_places(tokens: Sequence[str]) -> list[int]:
    """The places of an answer's tokens that hold its level, wholly or in part; where it stands last, as it is read.

    tokens: as a byte-level tokenizer names them, one character per byte.

    >>> level_places(['{"', 'level', '":"', 'AUTO', 'NOMY', '","'])
    [3, 4]
    """
    found = list(_LEVEL.finditer("".join(tokens)))
    if not found:
        return []
    begin, end = found[-1].span(1)
    places, offset = [], 0
    for place, token in enumerate(tokens):
        if offset < end and offset + len(token) > begin:
            places.append(place)
        offset += len(token)
    return places


def split_sums(batch: dict[str, Any], log_probs: torch.Tensor, tokenizer: Any) -> torch.Tensor:
    """Log-probabilities summed over (chosen's level, chosen's words, rejected's level, rejected's words), (pairs, 4).

    log_probs: of the token after each, for a batch of either form.
    """
    rows = []
    for ids, scores in _answers(batch, log_probs):
        at_level = torch.zeros(len(ids), dtype=torch.bool)
        at_level[level_places(tokenizer.convert_ids_to_tokens(ids.tolist()))] = True
        rows.append(torch.stack([scores[at_level].sum(), scores[~at_level].sum()]))
    pairs = len(rows) // 2
    return torch.cat([torch.stack(rows[:pairs]), torch.stack(rows[pairs:])], dim=1)


def _answers(batch: dict[str, Any], log_probs: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(token ids, their log-probabilities) of every chosen answer, then of every rejected one, on the CPU."""
    ids, mask, scores = (
        batch["input_ids"].cpu(),
        batch["completion_mask"].cpu().bool(),
        log_probs.float().cpu(),
    )
    if "segments" in batch:
        segments = batch["segments"].cpu()
        masks = [mask[i] & (segments[i] == side) for side in (CHOSEN, REJECTED) for i in range(len(ids))]
        of = [*range(len(ids)), *range(len(ids))]
    else:
        masks, of = list(mask), list(range(len(ids)))
    return [(ids[row, one], scores[row, one.nonzero()[:, 0] - 1]) for row, one in zip(of, masks, strict=True)]


def margins(policy: torch.Tensor, reference: torch.Tensor, *, beta: float) -> dict[str, float]:
    """beta * Delta on the level's tokens and on the words apart, means over pairs; both of shape (pairs, 4)."""
    moved = beta * (policy - reference)
    return {
        "eval_margin_level": float((moved[:, 0] - moved[:, 2]).mean()),
        "eval_margin_words": float((moved[:, 1] - moved[:, 3]).mean()),
    }
