"""Whether replies have the form that an operator and a program need: valid, short, and at one with themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from data.grounding.level_words import reason_against
from data.vocabulary import Failure, TriageLevel
from eval.statistics.intervals import wilson
from eval.statistics.rate import Interval, Rate, Undefined
from eval.statistics.values import Part

SENTENCES = (1, 2)
WORDS_PER_MINUTE = 238
"""Silent reading of English non-fiction by adults (Brysbaert 2019, Journal of Memory and Language 109)."""
GRASP_S = 2.0
"""The time in which an operator is to grasp an alert."""

_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)")
_WORD = re.compile(r"\w+(?:[’'-]\w+)*")


class Counted(Part):
    """A count out of n with its Wilson interval; `share` is a reason where n is 0."""

    count: int
    n: int
    share: float | Undefined
    interval: Interval | Undefined


class Contradiction(Part):
    """A reply whose reasoning says something that its level denies."""

    frame_id: str
    level: TriageLevel
    phrase: str


class StructuredOutput(Part):
    """One run's replies on the compared frames.

    `valid`: replies that hold an assessment, of those that came. `brief`: reasonings of one or two sentences, of the
    valid. `contradictory`: valid replies in which a phrase of the reasoning denies the level; found by a list of
    phrases, so a lower bound. `words` and `seconds` are 50th and 95th percentiles of level, reasoning and action
    read at 238 words per minute; `in_time`: replies read within two seconds.
    """

    valid: Counted
    brief: Counted
    contradictory: Counted
    in_time: Counted
    words: tuple[float, float] | Undefined
    seconds: tuple[float, float] | Undefined
    contradictions: list[Contradiction]


class Reply(Part):
    """What is looked at of one answer."""

    frame_id: str
    level: TriageLevel | None
    failure: Failure | None
    reasoning: str
    action: str


def structured_output(replies: Sequence[Reply]) -> StructuredOutput:
    """The form of a run's replies. Requests that failed are no replies."""
    came = [reply for reply in replies if reply.failure is not Failure.REQUEST_FAILED]
    valid = [reply for reply in came if reply.level is not None]
    words = np.array([words_to_read(reply) for reply in valid], dtype=float)
    seconds = 60 * words / WORDS_PER_MINUTE
    contradictions = [found for reply in valid if (found := contradiction(reply)) is not None]
    return StructuredOutput(
        valid=counted(len(valid), len(came)),
        brief=counted(sum(sentences(reply.reasoning) in SENTENCES for reply in valid), len(valid)),
        contradictory=counted(len(contradictions), len(valid)),
        in_time=counted(int((seconds <= GRASP_S).sum()), len(valid)),
        words=_percentiles(words),
        seconds=_percentiles(seconds),
        contradictions=contradictions,
    )


def counted(count: int, n: int) -> Counted:
    """A count with its share and interval."""
    if not n:
        nothing = Undefined("no such replies")
        return Counted(count=0, n=0, share=nothing, interval=nothing)
    return Counted(count=count, n=n, share=count / n, interval=wilson(Rate(count, n)))


def sentences(text: str) -> int:
    """Sentences of a text; what stands after the last full stop counts as one.

    >>> sentences("Cones narrow the lane. A worker steps out!"), sentences("about 3.5 m ahead"), sentences("")
    (2, 1, 0)
    """
    ended = len(_SENTENCE_END.findall(text))
    rest = _SENTENCE_END.split(text)[-1].strip()
    return ended + bool(rest)


def words_to_read(reply: Reply) -> int:
    """Words an operator reads: the level, the reasoning and the action."""
    return 1 + len(_WORD.findall(reply.reasoning)) + len(_WORD.findall(reply.action))


def contradiction(reply: Reply) -> Contradiction | None:
    """The first phrase of the reasoning that denies the level or argues for another one."""
    found = reason_against(reply.level, reply.reasoning) if reply.level else None
    if found is None or reply.level is None:
        return None
    return Contradiction(frame_id=reply.frame_id, level=reply.level, phrase=found.phrase)


def _percentiles(values: np.ndarray) -> tuple[float, float] | Undefined:  # type: ignore[type-arg]
    if not len(values):
        return Undefined("no such replies")
    middle, late = np.percentile(values, [50, 95], method="inverted_cdf")
    return float(middle), float(late)
