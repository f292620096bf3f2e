"""Two answers behind one question: [question | chosen | rejected] as one row, so that the question is encoded once.

Pure tensors, no model. A row is [shared | last, chosen | last, rejected]: `shared` is the question without its last
token, and each answer begins with a copy of that token, since both answers' first tokens are predicted from it.
Each answer sees the shared part and itself, and its positions go on from the question's, so that to the model each
answer stands directly behind the question, as if the other were not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.utils.rnn import pad_sequence

PADDING, SHARED, CHOSEN, REJECTED = -1, 0, 1, 2
"""What a token of a packed row belongs to."""


@dataclass(frozen=True)
class TokenizedPair:
    """Token ids, int64: `question` ends in text and holds its image tokens; the answers end in their end-of-turn.

    `positions`: the question's M-RoPE positions, of shape (3, question tokens): time, height and width.
    """

    question: torch.Tensor
    positions: torch.Tensor
    chosen: torch.Tensor
    rejected: torch.Tensor


def pack(pairs: Sequence[TokenizedPair], *, pad_id: int, multiple_of: int = 1) -> dict[str, torch.Tensor]:
    """The pairs as one batch, a row per pair, padded on the right to a common length that `multiple_of` divides.

    input_ids, segments and completion_mask have shape (pairs, tokens), position_ids (3, pairs, tokens).
    `completion_mask` is 1 on the answers' own tokens: what log-probabilities are summed over.
    """
    segments = _padded([_segments(pair) for pair in pairs], PADDING, multiple_of)
    positions = _padded([_positions(pair).T for pair in pairs], 0, multiple_of)
    return {
        "input_ids": _padded([_ids(pair) for pair in pairs], pad_id, multiple_of),
        "segments": segments,
        "completion_mask": _completion_mask(segments),
        "position_ids": positions.permute(2, 0, 1).contiguous(),
    }


def sharing_mask(segments: torch.Tensor) -> torch.Tensor:
    """Which token sees which: boolean, of shape (pairs, 1, tokens, tokens), queries before keys.

    segments: (pairs, tokens). A token sees the shared part and its own segment, nothing that comes after it, and
    neither answer sees the other.

    >>> sharing_mask(torch.tensor([[0, 1, 2]]))[0, 0].int().tolist()
    [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
    """
    tokens = segments.shape[1]
    before = torch.ones(tokens, tokens, dtype=torch.bool, device=segments.device).tril()
    queries, keys = segments[:, :, None], segments[:, None, :]
    return (before & ((keys == SHARED) | (keys == queries)))[:, None]


def additive(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The mask as attention adds it: 0 where a token sees, minus infinity where it does not.

    Attention makes this of a boolean mask in every layer anew, and keeps each for the backward pass; made once, all
    layers share one.
    """
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, float("-inf"))


def answer_sums(log_probs: torch.Tensor, segments: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The (chosen, rejected) sums of shape (pairs,).

    log_probs: of the token after each, so of shape (pairs, tokens - 1), and 0 where it is no answer's.
    """
    of = segments[:, 1:]
    chosen, rejected = ((log_probs * (of == side)).sum(dim=1) for side in (CHOSEN, REJECTED))
    return chosen, rejected


def _ids(pair: TokenizedPair) -> torch.Tensor:
    last = pair.question[-1:]
    return torch.cat([pair.question[:-1], last, pair.chosen, last, pair.rejected])


def _segments(pair: TokenizedPair) -> torch.Tensor:
    lengths = torch.tensor([len(pair.question) - 1, 1 + len(pair.chosen), 1 + len(pair.rejected)])
    return torch.repeat_interleave(torch.tensor([SHARED, CHOSEN, REJECTED]), lengths)


def _positions(pair: TokenizedPair) -> torch.Tensor:
    last = pair.positions[:, -1:]
    answers = [last + torch.arange(1 + len(answer)) for answer in (pair.chosen, pair.rejected)]
    return torch.cat([pair.positions[:, :-1], *answers], dim=1)


def _completion_mask(segments: torch.Tensor) -> torch.Tensor:
    """An answer's segment without its first token, the copy of the question's last."""
    goes_on = segments == torch.nn.functional.pad(segments[:, :-1], (1, 0), value=SHARED)
    return (goes_on & (segments > SHARED)).long()


def _padded(rows: list[torch.Tensor], value: int, multiple_of: int) -> torch.Tensor:
    """Rows of shape (tokens, ...) -> (rows, common length, ...)."""
    padded = pad_sequence(rows, batch_first=True, padding_value=value)
    missing = -padded.shape[1] % multiple_of
    rest = padded.new_full((len(rows), missing, *padded.shape[2:]), value)
    return torch.cat([padded, rest], dim=1)
