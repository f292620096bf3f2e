"""Whether two of a model's sentences describe one situation, and what *not needed* still covers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from annotator.monitor.rules.brief import brief_action, brief_reason
from data.vocabulary import Assessment, TriageLevel

SAME_SHARE = 0.5
"""Two texts speak of one situation if they share at least half of their telling words: a model words the same scene a
little differently from frame to frame, and that alone must not call anybody."""
_FILLERS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "for",
        "from",
        "has",
        "have",
        "in",
        "into",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "so",
        "that",
        "the",
        "their",
        "there",
        "this",
        "to",
        "was",
        "were",
        "with",
    ]
)
_WORD = re.compile(r"\w+")


def telling_words(text: str) -> frozenset[str]:
    """The words that carry the meaning, in lower case.

    >>> sorted(telling_words("A man stands in the lane."))
    ['lane', 'man', 'stands']
    """
    return frozenset(_WORD.findall(text.lower())) - _FILLERS


def is_same_situation(one: str, other: str) -> bool:
    """Whether two texts share half of their telling words (Jaccard).

    >>> is_same_situation("A man stands in the lane.", "A man is standing in the lane.")
    True
    >>> is_same_situation("An officer directs the traffic.", "The lane is blocked by a stopped vehicle.")
    False
    """
    first, second = telling_words(one), telling_words(other)
    return len(first & second) >= SAME_SHARE * len(first | second)


def cause_of(said: Assessment) -> str:
    """The same for answers whose reason and action are told in the same words."""
    return " ".join(sorted(telling_words(f"{brief_reason(said.reasoning)} {brief_action(said.action)}")))


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """An operator said that nothing is needed: up to which level, in which situation (what the model said when it
    alerted, and what it said last before the answer), and when."""

    level: TriageLevel
    words: tuple[str, ...]
    at_s: float


def still_not_needed(
    answer: NotNeeded, shown: TriageLevel, said: TriageLevel, words: str, now_s: float, *, rearm_s: float
) -> NotNeeded | None:
    """What the answer still covers once the model has said more; None: the next alert may come.

    A fall lowers what is covered, so that a rise from there alerts. Other words, or `rearm_s`, end it as soon as the
    model itself says the level that is shown; an answer below it is on its way down and proves nothing.
    """
    if shown < answer.level:
        answer = replace(answer, level=shown)
    if said is not shown or said is TriageLevel.AUTONOMY:
        return answer
    is_known = _speaks_of(words, answer.words)
    return answer if is_known and now_s - answer.at_s < rearm_s else None


def _speaks_of(words: str, known: Iterable[str]) -> bool:
    return any(is_same_situation(words, one) for one in known)
