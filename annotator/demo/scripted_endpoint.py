"""The scripted teacher behind an OpenAI-compatible endpoint on this machine: it knows the demo's pictures and answers
about each with the words of the script. No model looks at anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from data.demo import scripted_replies
from data.images.model_picture import model_picture_of
from data.vlm.request import STUDENT_SAMPLING
from data.vocabulary import ModelRole

MODEL = "scripted-teacher"
_MAX_SAMPLES = 16
_STOP_WITHIN_S = 5.0


@dataclass(frozen=True)
class ScriptedEndpoint:
    """Answers by the SHA-256 of a picture as it is sent to a model."""

    answers: Mapping[str, str]

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
            ]
        )

    async def _models(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    async def _complete(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            said, samples = self.answers.get(_picture_sha256(body)), int(body.get("n") or 1)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            return _refused(400, "This is not a chat completion request with one picture in it.")
        if body.get("model") != MODEL:
            return _refused(404, f"This endpoint serves {MODEL} and no other model.")
        if said is None:
            return _refused(422, "The scripted teacher knows the pictures of the demo's feeds and no others.")
        choices = [
            {"index": n, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
            for n in range(min(max(samples, 1), _MAX_SAMPLES))
        ]
        return JSONResponse({"object": "chat.completion", "model": MODEL, "choices": choices})


def _picture_sha256(body: Any) -> str:
    """The hash of the last picture in the last turn, the frame's own. Raises what a body of another shape leads to."""
    parts = body["messages"][-1]["content"]
    (*_, url) = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return hashlib.sha256(base64.b64decode(url.partition(";base64,")[2])).hexdigest()


def _refused(status: int, why: str) -> Response:
    return JSONResponse({"error": {"message": why, "type": "invalid_request_error"}}, status)


def answers_about(images: Sequence[Path]) -> dict[str, str]:
    """What the script says of these pictures, by hash; a reply's thoughts are left out, as a live model is asked for
    none."""
    said = {row["filename"]: row["raw"] for row in scripted_replies(ModelRole.TEACHER)}
    by_name = {Path(filename).name: raw for filename, raw in said.items()}
    found = {}
    for image in images:
        sent = model_picture_of(image, width_px=STUDENT_SAMPLING.image_width_px)
        found[hashlib.sha256(sent.content).hexdigest()] = (
            by_name[image.name].rpartition("</think>")[2].strip()
        )
    return found


@contextmanager
def served(endpoint: ScriptedEndpoint) -> Iterator[str]:
    """Serve on a free port of this machine until the block ends; yields the address."""
    with socket.socket(proto=socket.IPPROTO_TCP) as channel:
        channel.bind(("127.0.0.1", 0))
        config = uvicorn.Config(endpoint.app(), log_level="warning", lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([channel],), name="scripted model", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{channel.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            thread.join(_STOP_WITHIN_S)
