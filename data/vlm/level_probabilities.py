"""How likely a model holds each level to be: from the level token's logprobs, and from several samples. Pure.

All probabilities are lists of three in the order of `LEVELS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data.vocabulary import LEVELS, TriageLevel

MIN_LEVEL_MASS = 0.5
"""Below this share of probability on the three levels the token says nothing about them."""
_ROUNDING = 0.01
"""A logprob this far above zero is rounding; beyond it is no logarithm of a probability."""
_LEVEL_VALUE = re.compile(r'"level"\s*:\s*"')


def token_probabilities(tokens: object) -> list[float] | None:
    """P(level | the text before it) at the first token of the reply's level, normalised over the three.

    tokens: `choices[].logprobs.content` of a chat completion: every output token with its `logprob` and
    `top_logprobs`. A level's probability is the sum over the tokens that begin it ("A", "AUT", "AUTONOMY"). The
    value may begin inside a token, as in '"S'; the level counts where it stands last, since a chain of thought
    may hold JSON too. None: no level in the text, less than half of the probability on levels, or a shape that is
    not that of logprobs.

    >>> logprobs = {"A": -0.5108, "S": -1.2040, "TE": -2.3026}
    >>> level = [{"token": token, "logprob": logprob} for token, logprob in logprobs.items()]
    >>> probabilities = token_probabilities([
    ...     {"token": '{"level": "', "logprob": 0.0, "top_logprobs": []},
    ...     {"token": "A", "logprob": -0.5108, "top_logprobs": level},
    ... ])
    >>> [round(value, 3) for value in probabilities]
    [0.6, 0.3, 0.1]
    """
    try:
        return _probabilities(tokens)  # type: ignore[arg-type]
    except (TypeError, KeyError, AttributeError, ValueError, OverflowError, RecursionError):
        return None


def _probabilities(tokens: Sequence[Mapping[str, Any]]) -> list[float] | None:
    found = _level_token(tokens)
    if found is None:
        return None
    token, before_value = found
    mass = dict.fromkeys(LEVELS, 0.0)
    for text, logprob in _alternatives(token):
        level = _begun_level(text, before_value)
        if level is not None:
            mass[level] += math.exp(logprob)
    total = sum(mass.values())
    return [mass[level] / total for level in LEVELS] if total >= MIN_LEVEL_MASS else None


def _level_token(tokens: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], str] | None:
    """The token in which the level's value begins, and its text before that value."""
    values = list(_LEVEL_VALUE.finditer("".join(str(token["token"]) for token in tokens)))
    if not values:
        return None
    begins, offset = values[-1].end(), 0
    for token in tokens:
        text = str(token["token"])
        if offset <= begins < offset + len(text):
            return token, text[: begins - offset]
        offset += len(text)
    return None


def _alternatives(token: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    """Each token that could have stood here, once, with its logprob; padding ('' at -9999) adds nothing."""
    likely = {str(one["token"]): float(one["logprob"]) for one in token.get("top_logprobs") or []}
    likely.setdefault(str(token["token"]), float(token["logprob"]))
    if not all(logprob <= _ROUNDING for logprob in likely.values()):
        raise ValueError("a logprob is above zero, or no number")
    return likely.items()


def _begun_level(text: str, before_value: str) -> TriageLevel | None:
    begun = text.removeprefix(before_value) if text.startswith(before_value) else ""
    if not begun:
        return None
    return next(
        (level for level in LEVELS if level.value.startswith(begun) or begun.startswith(level.value)), None
    )


def count_votes(levels: Iterable[TriageLevel | None]) -> list[int]:
    """How many samples said each level; samples without one count nowhere."""
    said = list(levels)
    return [said.count(level) for level in LEVELS]


def most_voted(votes: Sequence[int]) -> TriageLevel | None:
    """The level most samples said; of equals the one with more human involvement. None without a vote.

    >>> most_voted([2, 2, 1]).value
    'SUPERVISION'
    """
    if not any(votes):
        return None
    return max(LEVELS, key=lambda level: (votes[level.rank], level.rank))


def pooled_probabilities(by_sample: Sequence[list[float] | None], votes: Sequence[int]) -> list[float] | None:
    """What the review order uses: the mean of the samples' token probabilities, which averages over their chains
    of thought; else the votes' shares if there were several; else None (one answer says nothing about doubt).

    >>> pooled_probabilities([[0.8, 0.2, 0.0], [0.4, 0.6, 0.0]], [1, 1, 0])
    [0.6000000000000001, 0.4, 0.0]
    >>> pooled_probabilities([None, None, None, None], [3, 1, 0])
    [0.75, 0.25, 0.0]
    """
    known = [sample for sample in by_sample if sample is not None]
    if known:
        return [sum(column) / len(known) for column in zip(*known, strict=True)]
    total = sum(votes)
    return [vote / total for vote in votes] if total > 1 else None
