"""Which tokens may come next so that a reply is one JSON object of the schema: level, reasoning, action.

A reply is read character by character through a small automaton: fixed text, one of the three levels, fixed text, a
string, fixed text, a string, the end. It is the grammar of vLLM with `disable_any_whitespace`, without escapes: what a
model this small writes holds no quotation marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from data.vocabulary import LEVELS

_BEFORE_LEVEL, _BEFORE_REASONING, _BEFORE_ACTION, _END = '{"level":"', '","reasoning":"', '","action":"', '"}'
State = tuple[int, str]
"""(which part of the reply, what of it has been written); strings remember only whether they are empty."""
_START: State = (0, "")
_LAST_STRING = 5
_DONE: State = (_LAST_STRING + 1, "")
_CONTROL_CHARACTERS = 32
_PARTS: tuple[str | None, ...] = (_BEFORE_LEVEL, None, _BEFORE_REASONING, None, _BEFORE_ACTION, None)
_LEVEL_PART = 1
_CLOSED_BY = {3: _BEFORE_ACTION, _LAST_STRING: _END}


def after(state: State | None, text: str) -> State | None:
    """The state after some more text; None where no reply goes on so.

    >>> after(after(_START, '{"level":"SUPER'), 'VISION","reasoning":"A deer')
    (3, '.')
    >>> after(_START, '{"level":"CAUTION') is None
    True
    """
    for character in text:
        state = None if state is None else _step(state, character)
    return state


def _step(state: State, character: str) -> State | None:
    part, written = state
    if part == _LEVEL_PART:
        return _in_level(written, character)
    if part in _CLOSED_BY:
        return _in_string(part, written, character)
    fixed = _PARTS[part] if part < len(_PARTS) else ""
    so_far = written + character
    if not fixed or not fixed.startswith(so_far):
        return None
    return (part + 1, "") if so_far == fixed else (part, so_far)


def _in_level(written: str, character: str) -> State | None:
    levels = [level.value for level in LEVELS]
    if character == '"':
        return (_LEVEL_PART + 1, '"') if written in levels else None
    so_far = written + character
    return (_LEVEL_PART, so_far) if any(level.startswith(so_far) for level in levels) else None


def _in_string(part: int, written: str, character: str) -> State | None:
    """A string that is not empty; once its quotation mark is there, what closes it follows."""
    closing = _CLOSED_BY[part]
    if written.startswith('"') or (character == '"' and written):
        so_far = (written if written.startswith('"') else "") + character
        if not closing.startswith(so_far):
            return None
        return (_DONE if part == _LAST_STRING else (part + 2, "")) if so_far == closing else (part, so_far)
    return None if character in '"\\' or ord(character) < _CONTROL_CHARACTERS else (part, ".")


class ReplyGrammar:
    """The automaton over a tokenizer's tokens. `texts`: the text of each token id; None: never part of a reply."""

    def __init__(self, texts: Sequence[str | None], end: int) -> None:
        self._texts = texts
        self._end = end
        self._known: dict[State, tuple[torch.Tensor, dict[int, State]]] = {}

    start = _START

    def allowed(self, state: State) -> torch.Tensor:
        """(vocabulary,) bool: the tokens that may come next; at the end only the end."""
        return self._moves(state)[0]

    def next(self, state: State, token: int) -> State:
        """The state after an allowed token."""
        return self._moves(state)[1].get(token, _DONE)

    def _moves(self, state: State) -> tuple[torch.Tensor, dict[int, State]]:
        if state not in self._known:
            moves = dict(self._possible(state))
            mask = torch.zeros(len(self._texts), dtype=torch.bool)
            mask[list(moves) or [self._end]] = True
            self._known[state] = (mask, moves)
        return self._known[state]

    def _possible(self, state: State) -> Iterator[tuple[int, State]]:
        for token, text in enumerate(self._texts):
            follows = after(state, text) if text else None
            if follows is not None:
                yield token, follows


def grammar_of(tokenizer: Any) -> ReplyGrammar:
    """The grammar over a Hugging Face tokenizer."""
    special = set(tokenizer.all_special_ids)
    texts = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    kept = [None if token in special or "\ufffd" in text else text for token, text in enumerate(texts)]
    return ReplyGrammar(kept, int(tokenizer.eos_token_id))
