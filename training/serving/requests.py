"""What a client sends, read and refused in a sentence; what it is sent back."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from data.images.inspection import ImageRefused, open_image
from data.vlm.conversation import conversation
from data.vocabulary import ReplyForm
from training.serving.engine import Asked, Written, WrittenToken

MOST_SAMPLES = 16


class Refused(Exception):
    """Why a request is not answered, with its HTTP status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Completion(BaseModel):
    """A chat completion request: the fields that are read. Others, such as a thinking switch, change nothing here."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str
    messages: list[dict[str, Any]]
    n: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 1
    temperature: Annotated[float, Field(ge=0, le=5)] = 0.0
    top_p: Annotated[float, Field(ge=1, le=1)] = 1.0
    presence_penalty: Annotated[float, Field(ge=0, le=0)] = 0.0
    repetition_penalty: Annotated[float, Field(ge=1, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=1)] = 128
    seed: int | None = None
    logprobs: bool = False
    stream: Literal[False] = False

    def asked(self, form: ReplyForm, most_tokens: int) -> list[Asked]:
        """The replies that are to be written. Raises Refused."""
        picture = _picture(self.messages, form)
        seed = 0 if self.seed is None else self.seed
        most = min(self.max_tokens, most_tokens)
        return [Asked(picture, self.temperature, (seed + n) % 2**63, most) for n in range(self.n)]


def _picture(messages: list[dict[str, Any]], form: ReplyForm) -> Image.Image:
    """The picture of a conversation that is the one in which models are asked."""
    try:
        parts = messages[-1]["content"]
        texts = [part["text"] for part in parts if part["type"] == "text"]
        (url,) = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        turns = [*messages[:-1], {"role": messages[-1]["role"], "content": "".join(texts)}]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Refused(400, "The last turn must hold one picture and the question.") from error
    if turns != conversation(form):
        raise Refused(
            400,
            f"The miniature was trained on one question, in the form {form.value}; this is another. Ask with --form "
            f"{form.value} of this version of teletriage.",
        )
    return _decoded(url)


def _decoded(url: object) -> Image.Image:
    head, mark, content = str(url).partition(";base64,")
    if not head.startswith("data:image/") or not mark:
        raise Refused(
            400, "The picture must be sent as a data: URL with base64; files and links are not read."
        )
    try:
        image = open_image(base64.b64decode(content, validate=True), "The picture")
        return image.convert("RGB")
    except (binascii.Error, ImageRefused, OSError, SyntaxError, ValueError) as error:
        raise Refused(400, f"The picture cannot be read: {error}") from error


def completion(model: str, replies: Sequence[Written], *, with_logprobs: bool) -> dict[str, Any]:
    """The body of an answer, as an OpenAI client reads it."""
    prompt, written = replies[0].prompt_tokens, sum(len(reply.tokens) for reply in replies)
    return {
        "id": f"chatcmpl-{time.time_ns():x}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [_choice(place, reply, with_logprobs) for place, reply in enumerate(replies)],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def _choice(place: int, reply: Written, with_logprobs: bool) -> dict[str, Any]:
    return {
        "index": place,
        "message": {"role": "assistant", "content": reply.text},
        "finish_reason": "stop" if reply.is_whole else "length",
        "logprobs": {"content": [_token(token) for token in reply.tokens]} if with_logprobs else None,
    }


def _token(token: WrittenToken) -> dict[str, Any]:
    return {
        "token": token.text,
        "logprob": token.logprob,
        "top_logprobs": [{"token": text, "logprob": logprob} for text, logprob in token.likeliest],
    }
