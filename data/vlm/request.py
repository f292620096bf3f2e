"""What is sent to a model for one frame: the chat completion request, and the hash that names it. Pure.

Three recipes, told apart by `SamplingParameters`:
- constrained: one call, the reply held to the reply schema from its first token (students, aligned models);
- free: one call, a chain of thought and then JSON, both unconstrained (`thinking`, `calls=1`);
- two calls: a free chain of thought first, then, behind it, a reply held to the schema (`thinking`, `calls=2`).

Every sampling field is sent, since servers fill gaps from a model's own defaults. The schema travels as
`response_format`: the older `guided_json` is ignored by current servers without a word. Constrained calls turn a
template's own thinking off, since a server's reasoning parser suspends the schema until it has seen `</think>`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data.hashing import canonical_json
from data.vlm.question import question_hash, question_text
from data.vlm.reply import reply_schema
from data.vocabulary import ModelRole

SYSTEM_PROMPT = "You are a helpful assistant."
END_OF_THOUGHT = "</think>"
LOGPROBS = 5
"""Of each token: enough for three levels, at a quarter of what the most that servers give (20) costs."""
REPLY_BYTES = 64 * 1024
"""What a reply may hold beside the logprobs of its tokens."""
_BYTES_PER_TOKEN = 100


@dataclass(frozen=True)
class SamplingParameters:
    """Everything that shapes an answer. `thinking`: ask for a chain of thought. `calls`: 2 asks for the chain of
    thought first and for the constrained reply behind it. `samples`: answers per frame; the level most of them
    say is proposed. `reask_temperature`: what a greedy request is asked again with when its reply is unusable
    (the same question would give the same reply). `image_width_px`: wider images are scaled down to this."""

    thinking: bool
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
    image_width_px: int = 1600

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def asked_again(self, times: int) -> SamplingParameters:
        """What the n-th repetition is asked with: another seed, and never greedily."""
        if times == 0:
            return self
        return replace(
            self, seed=self.seed + times, temperature=max(self.temperature, self.reask_temperature)
        )


TEACHER_SAMPLING = SamplingParameters(
    thinking=True,
    temperature=0.6,
    top_p=0.95,
    top_k=20,
    presence_penalty=0.0,
    repetition_penalty=1.0,
    max_tokens=4096,
    seed=1234,
    calls=2,
)
"""NVIDIA's settings for reasoning with Cosmos Reason 2."""
STUDENT_SAMPLING = SamplingParameters(
    thinking=False,
    temperature=0.0,
    top_p=1.0,
    top_k=-1,
    presence_penalty=0.0,
    repetition_penalty=1.0,
    max_tokens=512,
    seed=0,
)


def default_sampling(role: ModelRole) -> SamplingParameters:
    """The settings a role is asked with: the teacher thinks and samples, the others answer greedily."""
    return TEACHER_SAMPLING if role is ModelRole.TEACHER else STUDENT_SAMPLING


def largest_reply_bytes(sampling: SamplingParameters) -> int:
    """The most that an answer to such a request can hold: its text, and logprobs of every token it may write."""
    return sampling.samples * (REPLY_BYTES + sampling.max_tokens * (1 + LOGPROBS) * _BYTES_PER_TOKEN)


def data_url(image: bytes, media_type: str = "image/jpeg") -> str:
    """An image's bytes as an address that every server can read."""
    return f"data:{media_type};base64,{base64.b64encode(image).decode('ascii')}"


def file_url(image: Path) -> str:
    """An image on the server's own disk; the server must be started with --allowed-local-media-path."""
    return image.resolve().as_uri()


def request_hash(
    *,
    image_sha256: str | None,
    model: str,
    revision: str | None,
    sampling: dict[str, Any],
    question: str | None = None,
) -> str:
    """SHA-256 (hex) of all that determines an answer: image, question, model, revision, sampling."""
    determined_by = {
        "image": image_sha256,
        "question": question or question_hash(),
        "model": model,
        "revision": revision,
        "sampling": sampling,
    }
    return hashlib.sha256(canonical_json(determined_by).encode()).hexdigest()


def one_call_body(image_url: str, model: str, sampling: SamplingParameters) -> dict[str, Any]:
    """The whole answer in one request; its reply is free where the model thinks, else held to the schema."""
    body = _sampled(model, _messages(image_url, question_text(thinking=sampling.thinking)), sampling)
    body["n"] = sampling.samples
    if sampling.thinking:
        return {**body, "logprobs": True, "top_logprobs": LOGPROBS}
    return _constrained(body)


def thought_body(
    image_url: str, model: str, sampling: SamplingParameters, question: str | None = None
) -> dict[str, Any]:
    """The first of two calls: a free chain of thought per sample, ending at `</think>`."""
    text = question or question_text(thinking=True)
    body = _sampled(model, _messages(image_url, text), sampling)
    return {**body, "n": sampling.samples, "stop": [END_OF_THOUGHT]}


def answer_body(image_url: str, model: str, sampling: SamplingParameters, thought: str) -> dict[str, Any]:
    """The second of two calls: the model's own chain of thought stands before a reply held to the schema."""
    messages = _messages(image_url, question_text(thinking=True))
    messages.append({"role": "assistant", "content": thought_text(thought)})
    body = _sampled(model, messages, sampling)
    body.update(n=1, continue_final_message=True, add_generation_prompt=False)
    return _constrained(body)


def thought_text(thought: str) -> str:
    """A chain of thought as it stands before the answer."""
    return f"<think>\n{thought}\n{END_OF_THOUGHT}\n\n"


def _messages(image_url: str, question: str) -> list[dict[str, Any]]:
    """Image first, then the question: the order that the models were trained with."""
    content = [
        {"type": "image_url", "image_url": {"url": image_url}},
        {"type": "text", "text": question},
    ]
    return [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": content}]


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


def _constrained(body: dict[str, Any]) -> dict[str, Any]:
    schema = {"name": "assessment", "schema": reply_schema(), "strict": True}
    return {
        **body,
        "response_format": {"type": "json_schema", "json_schema": schema},
        "chat_template_kwargs": {"enable_thinking": False},
        "logprobs": True,
        "top_logprobs": LOGPROBS,
    }
