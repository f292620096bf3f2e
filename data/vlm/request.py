"""What is sent to a model for one frame: the chat completion request, and the hash that names it. Pure.

Three recipes, told apart by `SamplingParameters`:
- constrained: one call, the reply held to the reply schema from its first token (students, aligned models);
- free: one call, a chain of thought and then JSON, both unconstrained (thought_first, `calls=1`);
- two calls: a free chain of thought first, then, behind it, a reply held to the schema (thought_first, `calls=2`).

Every sampling field is sent, since servers fill gaps from a model's own defaults. The schema travels as
`response_format`: the older `guided_json` is ignored by current servers without a word. Every call says whether a
template's own thinking is on, since templates differ in what they do where nobody says so, and since a server's
reasoning parser suspends the schema until it has seen `</think>`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from data.hashing import canonical_json
from data.images.model_picture import DEFAULT_WIDTH_PX, ModelPicture
from data.vlm.conversation import conversation, with_pictures
from data.vlm.moment import NOW, STILL, Earlier, Lookback, Moment
from data.vlm.profiles import PAPERS_TEACHER, model_profiles
from data.vlm.reply import reply_schema
from data.vocabulary import LEVELS, ModelRole, ReplyForm, TriageLevel

END_OF_THOUGHT = "</think>"
THINKING_SWITCH = "enable_thinking"
"""By which chat templates are told whether to think, where they ask."""
PICTURE_MARKS = 2
"""Tokens around a picture's own: where it starts and where it ends."""
LOGPROBS = 5
"""Of each token: enough for three levels, at a quarter of what the most that servers give (20) costs."""
REPLY_BYTES = 64 * 1024
"""What a reply may hold beside the logprobs of its tokens."""
_BYTES_PER_TOKEN = 100


@dataclass(frozen=True)
class SamplingParameters:
    """Everything that shapes an answer. `calls`: 2 asks for the chain of thought first and for the constrained reply
    behind it. `samples`: answers per frame; the level most of them say is proposed. `reask_temperature`: what a
    greedy request is asked again with when its reply is unusable (the same question would give the same reply).
    `image_width_px`: to what width pictures are scaled down (`data.images.model_picture`). `lookback`: which earlier
    pictures are shown beside a frame's own. `levels`: in which order the question explains them."""

    form: ReplyForm
    temperature: float
    top_p: float
    top_k: int
    presence_penalty: float
    repetition_penalty: float
    max_tokens: int
    seed: int
    samples: int = 1
    calls: int = 1
    reask_temperature: float = 0.3
    image_width_px: int = DEFAULT_WIDTH_PX
    lookback: Lookback = STILL
    levels: tuple[TriageLevel, ...] = LEVELS

    def as_dict(self) -> dict[str, Any]:
        """As a run keeps them: `lookback` as its own fields, and left out where one picture is shown; `levels` only
        where they are not in their own order."""
        flat = {name: value for name, value in asdict(self).items() if name not in ("lookback", "levels")}
        other = {} if self.levels == LEVELS else {"levels": [level.value for level in self.levels]}
        return {**flat, **self.lookback.as_dict(), **other}

    @classmethod
    def of(cls, parameters: dict[str, Any]) -> Self:
        """The parameters that `as_dict` gave."""
        lookback = Lookback.of(parameters)
        own = {name: value for name, value in parameters.items() if name not in lookback.as_dict()}
        levels = tuple(TriageLevel(name) for name in parameters.get("levels", LEVELS))
        return cls(**{**own, "form": ReplyForm(parameters["form"]), "lookback": lookback, "levels": levels})

    @property
    def thinks(self) -> bool:
        """Whether a chain of thought is asked for."""
        return self.form is ReplyForm.THOUGHT_FIRST

    def asked_again(self, times: int) -> SamplingParameters:
        """What the n-th repetition is asked with: another seed, and never greedily."""
        if times == 0:
            return self
        return replace(
            self, seed=self.seed + times, temperature=max(self.temperature, self.reask_temperature)
        )


def _teacher_sampling(model: str) -> SamplingParameters:
    vendor = model_profiles().thinking_sampling(model)
    return SamplingParameters(
        form=ReplyForm.THOUGHT_FIRST, max_tokens=4096, seed=1234, calls=2, **vendor.model_dump()
    )


TEACHER_SAMPLING = _teacher_sampling(PAPERS_TEACHER)
STUDENT_SAMPLING = SamplingParameters(
    form=ReplyForm.LEVEL_FIRST,
    temperature=0.0,
    top_p=1.0,
    top_k=-1,
    presence_penalty=0.0,
    repetition_penalty=1.0,
    max_tokens=512,
    seed=0,
)


def default_sampling(role: ModelRole, model: str = PAPERS_TEACHER) -> SamplingParameters:
    """The settings a role is asked with: the teacher thinks, sampled as its makers do; the others answer greedily."""
    return _teacher_sampling(model) if role is ModelRole.TEACHER else STUDENT_SAMPLING


def largest_reply_bytes(sampling: SamplingParameters) -> int:
    """The most that an answer to such a request can hold: its text, and logprobs of every token it may write."""
    return sampling.samples * (REPLY_BYTES + sampling.max_tokens * (1 + LOGPROBS) * _BYTES_PER_TOKEN)


def data_url(picture: ModelPicture) -> str:
    """A picture's bytes as an address that every server can read."""
    return f"data:image/jpeg;base64,{base64.b64encode(picture.content).decode('ascii')}"


def file_url(picture: Path) -> str:
    """A picture on the server's own disk; the server must be started with --allowed-local-media-path."""
    return picture.resolve().as_uri()


def request_hash(
    *,
    image_sha256: str | None,
    model: str,
    revision: str | None,
    sampling: dict[str, Any],
    question: str,
    earlier: Sequence[Earlier[str | None]] = (),
) -> str:
    """SHA-256 (hex) of all that determines an answer: image, question, model, revision, sampling; and the hashes of
    earlier images with their times."""
    determined_by: dict[str, Any] = {
        "image": image_sha256,
        "question": question,
        "model": model,
        "revision": revision,
        "sampling": sampling,
    }
    if earlier:
        determined_by["earlier"] = [[one.picture, one.before_s] for one in earlier]
    return hashlib.sha256(canonical_json(determined_by).encode()).hexdigest()


def one_call_body(
    image_url: str, model: str, sampling: SamplingParameters, earlier: Sequence[Earlier[str]] = ()
) -> dict[str, Any]:
    """The whole answer in one request; its reply is free where the model thinks, else held to the schema.

    earlier: the addresses of earlier pictures, oldest first.
    """
    body = _sampled(model, _messages(image_url, sampling, earlier), sampling)
    body["n"] = sampling.samples
    if sampling.thinks:
        return {**body, **_thinking(on=True), "logprobs": True, "top_logprobs": LOGPROBS}
    return _constrained(body, sampling.form)


def text_body(model: str, sampling: SamplingParameters, moment: Moment = NOW) -> dict[str, Any]:
    """The conversation without its pictures, for a server that counts tokens (vLLM's /tokenize)."""
    turns = [
        {**turn, "content": [{"type": "text", "text": turn["content"]}]} if turn["role"] == "user" else turn
        for turn in conversation(sampling.form, moment, sampling.levels)
    ]
    asked: dict[str, Any] = {"model": model, "messages": turns, "add_generation_prompt": True}
    return {**asked, **_thinking(on=sampling.thinks)}


def thought_body(
    image_url: str,
    model: str,
    sampling: SamplingParameters,
    question: str | None = None,
    earlier: Sequence[Earlier[str]] = (),
) -> dict[str, Any]:
    """The first of two calls: a free chain of thought per sample, ending at `</think>`. `question`: another one, of one
    picture."""
    messages = _messages(image_url, sampling, earlier)
    if question is not None:
        asked = [
            *conversation(sampling.form, levels=sampling.levels)[:-1],
            {"role": "user", "content": question},
        ]
        messages = with_pictures(asked, [_block(image_url)])
    body = {**_sampled(model, messages, sampling), **_thinking(on=True)}
    return {**body, "n": sampling.samples, "stop": [END_OF_THOUGHT]}


def answer_body(
    image_url: str,
    model: str,
    sampling: SamplingParameters,
    thought: str,
    earlier: Sequence[Earlier[str]] = (),
) -> dict[str, Any]:
    """The second of two calls: the model's own chain of thought stands before a reply held to the schema."""
    messages = _messages(image_url, sampling, earlier)
    messages.append({"role": "assistant", "content": thought_text(thought)})
    body = _sampled(model, messages, sampling)
    body.update(n=1, continue_final_message=True, add_generation_prompt=False)
    return _constrained(body, sampling.form)


def thinking_switch(*, on: bool) -> dict[str, bool]:
    """What chat templates are told of thinking; those that know no such switch ignore it."""
    return {THINKING_SWITCH: on}


def thought_text(thought: str) -> str:
    """A chain of thought as it stands before the answer."""
    return f"<think>\n{thought}\n{END_OF_THOUGHT}\n\n"


def _messages(
    image_url: str, sampling: SamplingParameters, earlier: Sequence[Earlier[str]]
) -> list[dict[str, Any]]:
    moment = Moment.of(sampling.lookback, [one.before_s for one in earlier])
    blocks = [*(_block(one.picture) for one in earlier), _block(image_url)]
    return with_pictures(conversation(sampling.form, moment, sampling.levels), blocks)


def _block(image_url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": image_url}}


def _sampled(model: str, messages: list[dict[str, Any]], sampling: SamplingParameters) -> dict[str, Any]:
    return {
        "model": model,
        "messages": messages,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "presence_penalty": sampling.presence_penalty,
        "repetition_penalty": sampling.repetition_penalty,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }


def _constrained(body: dict[str, Any], form: ReplyForm) -> dict[str, Any]:
    schema = {"name": "assessment", "schema": reply_schema(form), "strict": True}
    return {
        **body,
        "response_format": {"type": "json_schema", "json_schema": schema},
        **_thinking(on=False),
        "logprobs": True,
        "top_logprobs": LOGPROBS,
    }


def _thinking(*, on: bool) -> dict[str, Any]:
    return {"chat_template_kwargs": thinking_switch(on=on)}
