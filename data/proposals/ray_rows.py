"""What Ray's workers do with a row, and what a row that comes back says. No Ray here, and no store on the workers.

Rows carry text only: Ray keeps rows in columns, where the parts of a request would take on each other's fields.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from data.images.inspection import ImageRefused, image_for_model
from data.vlm.answer import ModelAnswer, read_samples
from data.vlm.request import SamplingParameters, data_url, file_url, one_call_body

TRANSPORT_RETRIES = 5
_OK, _SERVER_ERROR = 200, 500
_PASSING = {408, 409, 425, 429}
_MAX_REASON_CHARS = 300
Row = dict[str, Any]


@dataclass(frozen=True)
class FrameRequest:
    """Turns a row with `frame_id` and `image` into what Ray's processors take. `files`: name images by path."""

    model: str
    sampling: SamplingParameters
    files: bool = False

    def for_http(self, row: Row) -> Row:
        """The request's JSON as `payload`; an unreadable image is a payload that is never sent."""
        try:
            payload = json.dumps(self._body(row))
        except ImageRefused as refused:
            payload = json.dumps({"unreadable": str(refused)})
        return {"frame_id": row["frame_id"], "payload": payload}

    def for_engine(self, row: Row) -> Row:
        """Messages and sampling parameters for an engine on the worker. Raises ImageRefused."""
        body = self._body(row)
        parameters = {name: body[name] for name in _ENGINE_PARAMETERS}
        if "response_format" in body:
            schema = body["response_format"]["json_schema"]["schema"]
            parameters["structured_outputs"] = {"json": schema}
        parameters["logprobs"] = body["top_logprobs"]
        return {"frame_id": row["frame_id"], "messages": body["messages"], "sampling_params": parameters}

    def _body(self, row: Row) -> dict[str, Any]:
        image = Path(row["image"])
        width_px = self.sampling.image_width_px
        url = file_url(image) if self.files else data_url(*image_for_model(image, width_px=width_px))
        return one_call_body(url, self.model, self.sampling)

    def engine_answer(self, row: Row) -> Row:
        """What an engine wrote, as the answer of a server."""
        if row.get("__inference_error__"):
            return _answer(row, 0, str(row["__inference_error__"]))
        text = json.dumps({"choices": [_choice(row, self.sampling.max_tokens)]})
        return _answer(row, _OK, text)


_ENGINE_PARAMETERS = (
    "temperature",
    "top_p",
    "top_k",
    "presence_penalty",
    "repetition_penalty",
    "max_tokens",
    "seed",
)


def http_answer(row: Row) -> Row:
    """What `EndpointSession` brought back for a row."""
    found = row["http_response"]
    return _answer(row, int(found["status"]), str(found["text"]))


def _answer(row: Row, status: int, text: str) -> Row:
    return {"frame_id": row["frame_id"], "status": status, "text": text}


def _choice(row: Row, max_tokens: int) -> dict[str, Any]:
    tokens = [int(token) for token in row.get("generated_tokens") or []]
    return {
        "message": {"content": row.get("generated_text") or ""},
        # The engine's row does not say why it ended.
        "finish_reason": "length" if len(tokens) >= max_tokens else "stop",
        "logprobs": {"content": list(map(_token, tokens, row.get("logprobs") or []))},
    }


def _token(token: int, likely: Mapping[Any, Any]) -> dict[str, Any]:
    known = {int(one): values for one, values in likely.items() if values is not None}
    top = [{"token": one["decoded_token"] or "", "logprob": float(one["logprob"])} for one in known.values()]
    return {
        "token": known[token]["decoded_token"] or "",
        "logprob": float(known[token]["logprob"]),
        "top_logprobs": top,
    }


def model_answer(row: Mapping[str, Any]) -> ModelAnswer:
    """The answer of a row that came back. Unusable text is an answer too, and kept as a failure."""
    frame_id, status, text = str(row["frame_id"]), int(row["status"]), str(row["text"])
    if status == _OK:
        try:
            samples = tuple(read_samples(json.loads(text)))
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            samples = ()
        if samples:
            return ModelAnswer(frame_id, samples)
        return ModelAnswer(frame_id, unreached="The endpoint's answer holds no choice.")
    reason = " ".join(text.split())[:_MAX_REASON_CHARS] or f"HTTP status {status}."
    if status == 0 or status in _PASSING or status >= _SERVER_ERROR:
        return ModelAnswer(frame_id, unreached=reason)
    return ModelAnswer(frame_id, refused=reason)


class EndpointSession:
    """What Ray's HTTP stage posts through: endpoints take turns, requests of a batch are under way at once, and a
    request that stays without an answer is a row of its own instead of an exception that ends the job."""

    def __init__(
        self, endpoints: Sequence[str], api_key: str, timeout_s: float, first_pause_s: float
    ) -> None:
        import aiohttp  # noqa: PLC0415 - on workers only

        self._turns = itertools.cycle(f"{url.rstrip('/')}/chat/completions" for url in endpoints)
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._first_pause_s = first_pause_s
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout_s))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    def post(self, _url: str, *, data: str, **_options: Any) -> asyncio.Task[_Reply]:
        """Send a payload, which the stage hands over as a JSON string of the request's text, at once."""
        return asyncio.create_task(self._post(json.loads(data)))

    async def _post(self, payload: str) -> _Reply:
        if payload.startswith('{"unreadable"'):
            return _Reply(0, str(json.loads(payload)["unreadable"]))
        reply = _Reply(0, "No answer came.")
        for attempt in range(TRANSPORT_RETRIES + 1):
            if attempt:
                await asyncio.sleep(self._first_pause_s * 2.0 ** (attempt - 1))
            reply = await self._once(payload)
            if reply.is_final:
                break
        return reply

    async def _once(self, payload: str) -> _Reply:
        import aiohttp  # noqa: PLC0415

        try:
            return await self._sent(next(self._turns), payload)
        except (aiohttp.ClientError, TimeoutError) as error:
            return _Reply(0, f"Nothing answers there ({type(error).__name__}).")

    async def _sent(self, url: str, payload: str) -> _Reply:
        async with self._client.post(url, data=payload, headers=self._headers) as answer:
            return _Reply(answer.status, await answer.text())


@dataclass(frozen=True)
class _Reply:
    """An answer in the shape in which the stage reads it: always taken, with the true status inside."""

    true_status: int
    text: str
    status: int = _OK
    reason: str = ""

    @property
    def is_final(self) -> bool:
        status = self.true_status
        return not (status == 0 or status in _PASSING or status >= _SERVER_ERROR)

    async def json(self) -> dict[str, Any]:
        return {"status": self.true_status, "text": self.text}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...
