"""What Ray's workers do with a row, and what a row that comes back says. No Ray here, and no store on the workers.

Rows carry text only: Ray keeps rows in columns, where the parts of a request would take on each other's fields.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from data.errors import ProposalError
from data.images.inspection import ImageRefused
from data.vlm.answer import ModelAnswer, prompt_tokens, read_samples
from data.vlm.client import Asking, Endpoints, Refused, Unreached
from data.vlm.moment import AskedFrame, Earlier
from data.vlm.request import SamplingParameters, one_call_body
from data.vlm.shown import shown_frame

Row = dict[str, Any]


@dataclass(frozen=True)
class FrameRequest:
    """Turns a row with `frame_id`, `image` and `earlier` into what Ray's processors take. `files`: the
    folder, which servers and workers read too, where pictures are written and named."""

    model: str
    sampling: SamplingParameters
    files: Path | None = None

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
        earlier = tuple(Earlier(Path(path), before_s) for path, before_s in json.loads(row["earlier"]))
        frame = AskedFrame(str(row["frame_id"]), Path(row["image"]), earlier)
        shown = shown_frame(frame, self.sampling, self.files)
        return one_call_body(shown.url, self.model, self.sampling, shown.earlier)

    def engine_answer(self, row: Row) -> Row:
        """What an engine wrote, as the answer of a server."""
        error = str(row.get("__inference_error__") or "")
        completion = "" if error else json.dumps({"choices": [_choice(row, self.sampling.max_tokens)]})
        return {"frame_id": row["frame_id"], **_outcome(completion=completion, unreached=error)}


def earlier_column(frame: AskedFrame) -> str:
    """A row's `earlier`: JSON of [path, seconds before] of each earlier picture, oldest first."""
    return json.dumps([[str(one.picture), one.before_s] for one in frame.earlier])


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
    return {"frame_id": row["frame_id"], **row["http_response"]}


def _outcome(*, completion: str = "", refused: str = "", unreached: str = "") -> Row:
    return {"completion": completion, "refused": refused, "unreached": unreached}


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
    frame_id = str(row["frame_id"])
    if row["refused"]:
        return ModelAnswer(frame_id, refused=str(row["refused"]))
    if row["unreached"]:
        return ModelAnswer(frame_id, unreached=str(row["unreached"]))
    completion = json.loads(row["completion"])
    return ModelAnswer(frame_id, tuple(read_samples(completion)), prompt_tokens=prompt_tokens(completion))


class EndpointSession:
    """What Ray's HTTP stage posts through: the project's own client, with its turns and its retries. A request
    without an answer is a row of its own instead of an exception that ends the job."""

    def __init__(self, asking: Asking) -> None:
        self._endpoints = Endpoints(asking)

    async def __aenter__(self) -> Self:
        await self._endpoints.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._endpoints.__aexit__()

    def post(self, _url: str, *, data: str, **_options: Any) -> asyncio.Task[_Reply]:
        """Send a payload, which the stage hands over as a JSON string of the request's text, at once."""
        return asyncio.create_task(self._post(json.loads(json.loads(data))))

    async def _post(self, payload: dict[str, Any]) -> _Reply:
        if "unreadable" in payload:
            return _Reply(_outcome(unreached=payload["unreadable"]))
        try:
            return _Reply(_outcome(completion=json.dumps(await self._endpoints.post(payload))))
        except Unreached as error:
            return _Reply(_outcome(unreached=str(error)))
        except (Refused, ProposalError) as error:
            return _Reply(_outcome(refused=str(error)))


@dataclass(frozen=True)
class _Reply:
    """An outcome in the shape in which the stage reads a response: always taken."""

    outcome: Row
    status: int = 200
    reason: str = ""

    async def json(self) -> Row:
        return self.outcome

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...
