"""What came back for one frame: every sample of the model, and which of them becomes the Proposal. Pure.

A server's reasoning parser may move some or all of the text out of `content`; it is read from where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.vlm.level_probabilities import count_votes, most_voted, pooled_probabilities, token_probabilities
from data.vlm.reply import parse_reply
from data.vocabulary import TriageLevel


@dataclass(frozen=True)
class Sample:
    """One raw text of a model. `probabilities`: P(level) at its level token, where the server gave logprobs."""

    raw: str
    finish_reason: str | None = None
    probabilities: list[float] | None = None

    @property
    def level(self) -> TriageLevel | None:
        said = parse_reply(self.raw, finish_reason=self.finish_reason).assessment
        return said.level if said else None


@dataclass(frozen=True)
class ModelAnswer:
    """All samples for one frame after `attempts` requests. `refused`: why the endpoint does not take the request
    (asking again is no use); `unreached`: why no answer came (asking again is). Both are one sentence."""

    frame_id: str
    samples: tuple[Sample, ...] = ()
    attempts: int = 1
    refused: str | None = None
    unreached: str | None = None


@dataclass(frozen=True)
class ChosenSample:
    """The sample that is proposed, and what all of them together say of the levels (`votes`: counts).
    `token_probabilities` is the mean over samples, None without logprobs."""

    sample: Sample
    others: tuple[str, ...]
    votes: list[int]
    token_probabilities: list[float] | None
    level_probabilities: list[float] | None


def choose_sample(samples: Sequence[Sample]) -> ChosenSample:
    """The first sample with the level that most samples say; if none says one, the first. At least one sample."""
    levels = [sample.level for sample in samples]
    votes = count_votes(levels)
    level = most_voted(votes)
    place = levels.index(level)
    by_sample = [sample.probabilities for sample in samples]
    return ChosenSample(
        sample=samples[place],
        others=tuple(sample.raw for number, sample in enumerate(samples) if number != place),
        votes=votes,
        token_probabilities=pooled_probabilities(by_sample, [0, 0, 0]),
        level_probabilities=pooled_probabilities(by_sample, votes),
    )


def read_samples(completion: Mapping[str, Any], *, before: str = "") -> list[Sample]:
    """The samples of a chat completion object. before: text that the request put into the model's mouth."""
    return [_sample(choice, before) for choice in completion.get("choices") or []]


def _sample(choice: Mapping[str, Any], before: str) -> Sample:
    tokens = (choice.get("logprobs") or {}).get("content") or []
    return Sample(
        raw=before + message_text(choice.get("message") or {}, already_thought=bool(before)),
        finish_reason=choice.get("finish_reason"),
        probabilities=token_probabilities(tokens),
    )


def message_text(message: Mapping[str, Any], *, already_thought: bool = False) -> str:
    """What the model wrote. With both parts set, a parser cut the tags away; with the reasoning alone it took
    everything, tags or answer included, because it saw no `</think>`."""
    content = str(message.get("content") or "")
    thought = str(message.get("reasoning") or message.get("reasoning_content") or "")
    if not thought or already_thought:
        return thought + content
    return f"<think>\n{thought}\n</think>\n\n{content}" if content else thought
