"""A server that behaves as vLLM was seen to behave (0.32, CPU) where a client can trip, with a model whose texts
a test chooses. It is not vLLM: it has no weights, and its "tokens" are cut by rule.

- A reasoning parser (`parser=True`) moves everything into `message.reasoning` and leaves `content` None when the
  text has no </think>, and then also suspends the schema, unless the template's thinking is turned off.
- `guided_json` and its relatives are ignored without a word; `top_logprobs` above 20, unknown media paths and
  per-request `mm_processor_kwargs` are a 400.
- Logprobs cover all output tokens and are padded with '' at -9999.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LEVELS = ("AUTONOMY", "SUPERVISION", "TELEOPERATION")
MAX_LOGPROBS = 20


@dataclass
class Asked:
    """One request as the stand-in understood it. `image` is the SHA-256 of the bytes, or the path."""

    body: dict[str, Any]
    image: str
    times: int
    sample: int = 0

    @property
    def is_constrained(self) -> bool:
        return "response_format" in self.body

    @property
    def is_second_call(self) -> bool:
        return bool(self.body.get("continue_final_message"))


def an_answer(asked: Asked) -> str:
    """What the model says by default: a thought where one is asked for, then the JSON."""
    text = json.dumps({"level": "SUPERVISION", "reasoning": "Cones narrow the lane.", "action": "Watch."})
    wants_thought = "<think>" in json.dumps(asked.body["messages"][-1])
    return f"<think>\nA cone.\n</think>\n\n{text}" if wants_thought and not asked.is_constrained else text


@dataclass
class StandIn:
    """The server's settings and what it saw. `says`: the model; `fails`: an HTTP status instead, or None."""

    says: Callable[[Asked], str] = an_answer
    unconstrained: str = "The road looks clear, so I would say AUTONOMY."
    fails: Callable[[Asked], int | None] = lambda asked: None
    finish: Callable[[Asked], str] = lambda asked: "stop"
    probabilities: tuple[float, float, float] = (0.2, 0.7, 0.1)
    parser: bool = False
    enforces_schema: bool = True
    media_path: str | None = None
    delay_s: float = 0.0
    model: str = "tiny-vl"
    keeps_bodies: bool = True
    counts_tokens: bool = True
    resizes: int = 1
    asked: list[Asked] = field(default_factory=list)
    by_image: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/tokenize", self._tokenize, methods=["POST"]),
            ]
        )

    async def _models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    async def _tokenize(self, request: Request) -> Response:
        if not self.counts_tokens:
            return _error(404, "Not Found")
        return JSONResponse({"count": _words(json.loads(await request.body())["messages"])})

    async def _complete(self, request: Request) -> Response:
        body = json.loads(await request.body())
        wrong = self._what_is_wrong(body)
        if wrong:
            return _error(400, wrong)
        if body["model"] != self.model:
            return _error(404, f"The model `{body['model']}` does not exist.")
        image = _image_of(body)
        self.by_image[image] += 1
        asked = Asked(body, image, self.by_image[image])
        if self.keeps_bodies:
            self.asked.append(asked)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        status = self.fails(asked)
        if status is not None:
            return _error(status, "the stand-in was told to fail", {"retry-after": "0"})
        return JSONResponse(self._completion(asked))

    def _what_is_wrong(self, body: dict[str, Any]) -> str | None:
        if body.get("top_logprobs", 0) > MAX_LOGPROBS:
            return (
                f"Requested sample logprobs of {body['top_logprobs']}, which is greater than max allowed: 20"
            )
        if "mm_processor_kwargs" in body:
            return "mm_processor_kwargs is only allowed with --trust-request-mm-kwargs"
        url = _image_address(body)
        if url.startswith("file:") and not (
            self.media_path and unquote(urlsplit(url).path).startswith(self.media_path)
        ):
            return "The file must be in a subpath of `--allowed-local-media-path`."
        return None

    def _completion(self, asked: Asked) -> dict[str, Any]:
        samples = range(asked.body.get("n", 1))
        choices = [self._choice(Asked(asked.body, asked.image, asked.times, number)) for number in samples]
        answer: dict[str, Any] = {
            "id": "x",
            "object": "chat.completion",
            "model": self.model,
            "choices": choices,
        }
        if self.counts_tokens:
            answer["usage"] = {"prompt_tokens": _prompt_tokens(asked.body) * self.resizes}
        return answer

    def _choice(self, asked: Asked) -> dict[str, Any]:
        text = self.says(asked)
        thinking_off = asked.body.get("chat_template_kwargs", {}).get("enable_thinking") is False
        suspended = self.parser and not thinking_off
        if asked.is_constrained and (suspended or not self.enforces_schema):
            text = self.unconstrained
        for stop in asked.body.get("stop", []):
            text = text.partition(stop)[0]
        message = self._message(text, parsing=suspended)
        choice = {"index": asked.sample, "message": message, "finish_reason": self.finish(asked)}
        if asked.body.get("logprobs"):
            choice["logprobs"] = {"content": list(self._tokens(text))}
        return choice

    def _message(self, text: str, *, parsing: bool) -> dict[str, Any]:
        if not parsing:
            return {"role": "assistant", "content": text}
        thought, tag, answer = text.partition("</think>")
        if not tag:
            return {"role": "assistant", "content": None, "reasoning": text}
        thought = thought.strip().removeprefix("<think>")
        return {"role": "assistant", "content": answer.strip(), "reasoning": thought}

    def _tokens(self, text: str) -> Iterator[dict[str, Any]]:
        """The text in tokens: whole before and after, the level's first letter by itself."""
        for level in LEVELS:
            before, found, after = text.rpartition(f'"{level}"')
            if found:
                yield _certain(before + '"')
                yield self._level_token(level)
                yield _certain(level[1:] + '"' + after)
                return
        yield _certain(text)

    def _level_token(self, level: str) -> dict[str, Any]:
        shares = zip(LEVELS, self.probabilities, strict=True)
        top = [{"token": name[0], "logprob": math.log(share)} for name, share in shares if share]
        top.append({"token": "", "logprob": -9999.0})
        chosen = next((one["logprob"] for one in top if one["token"] == level[0]), -9999.0)
        return {"token": level[0], "logprob": chosen, "top_logprobs": top}


def _certain(text: str) -> dict[str, Any]:
    return {"token": text, "logprob": 0.0, "top_logprobs": [{"token": text, "logprob": 0.0}]}


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"message": message, "code": status}}, status_code=status, headers=headers)


def _words(messages: list[dict[str, Any]]) -> int:
    """The "tokens" of the turns' texts: words, and one for each turn."""
    texts = [json.dumps(message["content"]) for message in messages]
    return sum(1 + len(text.split()) for text in texts)


def _prompt_tokens(body: dict[str, Any]) -> int:
    """Those of the text, one for each 32 x 32 pixels, and the two around each picture."""
    messages = [
        {**turn, "content": [part for part in turn["content"] if part["type"] == "text"]}
        if isinstance(turn["content"], list)
        else turn
        for turn in body["messages"]
    ]
    pictures = [_opened(address) for address in _image_addresses(body)]
    return _words(messages) + sum(image.width * image.height // 1024 + 2 for image in pictures)


def _opened(address: str) -> Image.Image:
    if address.startswith("file:"):
        return Image.open(unquote(urlsplit(address).path))
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def _image_addresses(body: dict[str, Any]) -> list[str]:
    parts = body["messages"][1]["content"]
    return [str(part["image_url"]["url"]) for part in parts if part["type"] == "image_url"]


def _image_address(body: dict[str, Any]) -> str:
    """Of the frame's own picture, the last."""
    return _image_addresses(body)[-1]


def _image_of(body: dict[str, Any]) -> str:
    address = _image_address(body)
    if address.startswith("file:"):
        return unquote(urlsplit(address).path)
    return hashlib.sha256(base64.b64decode(address.partition(",")[2])).hexdigest()


@contextmanager
def served(stand_in: StandIn) -> Iterator[StandIn]:
    """Serve on a free port of this machine, in a thread, until the block ends."""
    config = uvicorn.Config(stand_in.app(), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the stand-in did not start"
        time.sleep(0.01)
    stand_in.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield stand_in
    finally:
        server.should_exit = True
        thread.join(timeout=20)
