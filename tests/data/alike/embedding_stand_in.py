"""A server whose /v1/embeddings takes a conversation with a picture, as vLLM's pooling models do."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.data.vlm.vllm_stand_in import StandIn

Answering = Callable[[bytes], tuple[int, str]]


def a_vector(picture: bytes) -> tuple[int, str]:
    """Eight numbers that the picture's bytes determine."""
    numbers = [byte / 255 - 0.4 for byte in hashlib.sha256(picture).digest()[:8]]
    return 200, json.dumps({"data": [{"index": 0, "object": "embedding", "embedding": numbers}]})


@dataclass
class EmbeddingStandIn(StandIn):
    """`answers`: status and body for a picture's bytes; `bodies`: what was asked."""

    answers: Answering = a_vector
    bodies: list[dict[str, object]] = field(default_factory=list)

    def app(self) -> Starlette:
        app = super().app()
        app.router.routes.append(Route("/v1/embeddings", self._embed, methods=["POST"]))
        return app

    async def _embed(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.bodies.append(body)
        parts = body["messages"][-1]["content"]
        address = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
        status, text = self.answers(base64.b64decode(address.partition(",")[2]))
        return Response(text, status_code=status, media_type="application/json")
