"""What came back for one frame: every sample of the model, and which of them becomes the Proposal. Pure.

A server's reasoning parser may move some or all of the text out of `content`; it is read from where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.vlm.level_probabilities import count_votes, most_voted, pooled_probabilities, token_probabilities
from data.vlm.reply import parse_reply
from data.vocabulary import ReplyForm, TriageLevel

_MAX_ODD_CHARS = 1_000


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

    @property
    def form(self) -> ReplyForm | None:
        """The form that it was written in; None without an assessment."""
        return parse_reply(self.raw, finish_reason=self.finish_reason).form


@dataclass(frozen=True)
class ModelAnswer:
    """All samples for one frame after `attempts` requests. `prompt_tokens`: what the server counted of the question
    and the picture. `refused`: why the endpoint does not take the request
    (asking again is no use); `unreached`: why no answer came (asking again is). Both are one sentence."""

    frame_id: str
    samples: tuple[Sample, ...] = ()
    attempts: int = 1
    prompt_tokens: int | None = None
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


def read_samples(completion: object, *, before: str = "") -> list[Sample]:
    """The samples of a chat completion. before: text that the request put into the model's mouth.

    Never raises: a choice of another shape becomes a sample whose text is that choice, so that it fails with what
    came instead of an answer. No list of choices: no samples.
    """
    choices = completion.get("choices") if isinstance(completion, Mapping) else None
    return [_sample(choice, before) for choice in choices] if isinstance(choices, list) else []


def prompt_tokens(completion: Mapping[str, object]) -> int | None:
    """How many tokens the server counted before the reply; None where it does not say."""
    usage = completion.get("usage")
    counted = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    return counted if type(counted) is int and counted >= 0 else None


def _sample(choice: object, before: str) -> Sample:
    if not isinstance(choice, Mapping):
        return Sample(raw=before + _shown(choice))
    logprobs, finish_reason = choice.get("logprobs"), choice.get("finish_reason")
    return Sample(
        raw=before + message_text(choice.get("message"), already_thought=bool(before)),
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        probabilities=token_probabilities(logprobs.get("content") if isinstance(logprobs, Mapping) else None),
    )


def message_text(message: object, *, already_thought: bool = False) -> str:
    """What the model wrote. With both parts set, a parser cut the tags away; with the reasoning alone it took
    everything, tags or answer included, because it saw no `</think>`."""
    if not isinstance(message, Mapping):
        return _shown(message)
    content = _shown(message.get("content"))
    thought = _shown(message.get("reasoning") or message.get("reasoning_content"))
    if not thought or already_thought:
        return thought + content
    return f"<think>\n{thought}\n</think>\n\n{content}" if content else thought


def _shown(value: object) -> str:
    """Text as it is; the texts of a list of parts; of anything else, what it is."""
    if isinstance(value, str):
        return value
    if not value:
        return ""
    if isinstance(value, list) and all(isinstance(part, Mapping) for part in value):
        return "".join(part["text"] for part in value if isinstance(part.get("text"), str))
    try:
        return repr(value)[:_MAX_ODD_CHARS]
    except RecursionError:
        return "something nested too deeply"
