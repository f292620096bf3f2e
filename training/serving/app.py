"""The endpoint: models, chat completions, token counts and health, for OpenAI clients on this machine."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import torch
import uvicorn
from peft import PeftModel
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from data.errors import TrainingError
from data.vlm.weights import RECORD, read_weights
from data.vocabulary import ReplyForm
from training.models.folder import (
    RANDOM,
    STAND_IN_MARKER,
    is_stand_in,
    load_model,
    stand_in_weights,
)
from training.pairs.processor import load_processor
from training.process.chatter import library_chatter_to_stderr
from training.serving.batching import Batching, Overloaded
from training.serving.engine import Engine
from training.serving.requests import Completion, Refused, completion

NAME = "miniature"
MOST_TOKENS = 256
_MOST_BODY = 16 * 2**20


@dataclass(frozen=True)
class Served:
    """A model ready to be asked. `names`: what it answers to, the first being its own."""

    batching: Batching
    names: tuple[str, ...]
    form: ReplyForm

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/v1/models", self._models),
                Route("/tokenize", self._tokenize, methods=["POST"]),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
            ]
        )

    async def _health(self, _request: Request) -> Response:
        return Response()

    async def _models(self, _request: Request) -> Response:
        known = [{"id": name, "object": "model", "owned_by": "a miniature"} for name in self.names]
        return JSONResponse({"object": "list", "data": known})

    async def _tokenize(self, _request: Request) -> Response:
        return JSONResponse({"count": self.batching.engine.count_text(), "max_model_len": MOST_TOKENS})

    async def _complete(self, request: Request) -> Response:
        try:
            body = await _completion(request)
            if body.model not in self.names:
                raise Refused(404, f"This endpoint serves {self.names[0]} and no other model.")
            replies = await self.batching.write(body.asked(self.form, MOST_TOKENS))
        except Refused as refused:
            return _refusal(refused.status, str(refused))
        except Overloaded:
            return _refusal(
                503, "Too many requests are waiting: a miniature on one core answers a few dozen a second."
            )
        return JSONResponse(completion(self.names[0], replies, with_logprobs=body.logprobs))


async def _completion(request: Request) -> Completion:
    content = await request.body()
    if len(content) > _MOST_BODY:
        raise Refused(413, f"The request has {len(content):,} bytes; at most {_MOST_BODY:,} are read.")
    try:
        return Completion.model_validate(json.loads(content))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Refused(
            400, f"The field {field}: {first['msg']}. The miniature samples by temperature alone."
        ) from error
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The request is not a JSON object.") from error


def _refusal(status: int, why: str) -> Response:
    kind = "invalid_request_error" if status < 500 else "overloaded"  # noqa: PLR2004 - HTTP's own
    return JSONResponse({"error": {"message": why, "type": kind, "code": status}}, status)


def load_served(folder: Path, adapter: Path | None = None) -> Served:
    """The miniature in a folder, or what was trained and merged from it. Raises TrainingError for any other model.

    adapter: put on it.
    """
    if not is_stand_in(folder):
        raise TrainingError(
            f"{folder} has no {STAND_IN_MARKER}: only a miniature is served here, on one core. Serve other models with "
            "vLLM."
        )
    with library_chatter_to_stderr():
        model, processor = load_model(folder, dtype=torch.float32), load_processor(folder)
        if adapter:
            model = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    known = read_weights(folder) if (folder / RECORD).is_file() else None
    form = known.form if known else ReplyForm.LEVEL_FIRST
    names = (known.served_name, NAME) if known else (NAME,)
    return Served(Batching(Engine(model, processor, form)), names, form)


def serve(folder: Path, adapter: Path | None = None, *, host: str, port: int) -> NoReturn:
    """Answer requests until Ctrl-C. One thread computes: matrices so small take longer in two.

    Raises TrainingError where the address is taken, before the model is loaded.
    """
    with _listening(host, port) as channel:
        torch.set_num_threads(1)
        served = load_served(folder, adapter)
        print(  # noqa: T201 - a command's word to whoever started it
            f"{served.names[0]}, {_what_it_is(folder)}, at http://{host}:{channel.getsockname()[1]}/v1",
            file=sys.stderr,
            flush=True,
        )
        config = uvicorn.Config(served.app(), log_level="warning", access_log=False)
        uvicorn.Server(config).run([channel])
        # uvicorn stops at a SIGINT that a shell has this process ignore (`… &` in a script) without raising it.
        raise KeyboardInterrupt


def _what_it_is(folder: Path) -> str:
    """What its answers are worth."""
    if stand_in_weights(folder) == RANDOM:
        return "a stand-in with random weights whose answers mean nothing"
    return "a miniature that judges drawn roads and no real ones"


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise TrainingError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Choose another --port; 0 takes a free one."
        ) from error
