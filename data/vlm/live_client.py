"""Asking about live frames: now or never. Each picture is asked about once, within a deadline, over kept-open
connections; an answer that does not come is a reason to look, not to ask again.

A general client costs three times the processor time of a kept connection per frame, which at a hundred frames per
second decides whether one core is enough.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from data.text.addresses import without_password
from data.vlm.answer import Sample, read_samples
from data.vlm.kept_connection import OK, Address, Answered, KeptConnection
from data.vlm.request import SamplingParameters, data_url, one_call_body
from data.vocabulary import ManualReason

_MAX_DETAIL_CHARS = 200
_CHECK_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class LiveAnswer:
    """What a model said of a live frame: its text, or why there is none and a person must look."""

    sample: Sample | None
    failure: ManualReason | None = None
    detail: str | None = None


class LiveEndpoints:
    """Connections to endpoints that take turns. One that cannot be reached passes its turn on."""

    def __init__(
        self, endpoints: Sequence[str], model: str, sampling: SamplingParameters, *, api_key: str = "none"
    ) -> None:
        """Raises ProposalError for an address that is none."""
        self.addresses = [Address.of(endpoint) for endpoint in endpoints]
        self.model, self.sampling, self._api_key = model, sampling, api_key
        self._idle: dict[Address, list[KeptConnection]] = defaultdict(list)
        self._turn = 0

    async def ask(self, content: bytes, media_type: str, *, deadline_s: float) -> LiveAnswer:
        """Ask once about a picture in memory. Whatever the endpoint does is an answer, never an exception."""
        body = one_call_body(data_url(content, media_type), self.model, self.sampling)
        answered = Answered(0, b"", "no connection")
        try:
            async with asyncio.timeout(deadline_s):
                for _ in range(len(self.addresses)):
                    answered = await self._ask_one(self._next(), body)
                    if answered.status:
                        break
        except TimeoutError:
            return LiveAnswer(None, ManualReason.ENDPOINT_SLOW, f"No answer came within {deadline_s:.2g} s.")
        return _read(answered)

    def _next(self) -> Address:
        self._turn += 1
        return self.addresses[self._turn % len(self.addresses)]

    async def _ask_one(self, address: Address, body: dict[str, object]) -> Answered:
        idle = self._idle[address]
        connection = idle.pop() if idle else KeptConnection(address)
        coming: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        connection.ask(
            address.request(body, api_key=self._api_key),
            lambda answered: None if coming.done() else coming.set_result(answered),
        )
        try:
            answered = await coming
        except asyncio.CancelledError:
            connection.close()  # a reply that may still come must not be taken for the next one
            raise
        if answered.status:
            idle.append(connection)
        return answered

    def close(self) -> None:
        """Close what is open."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()


def _read(answered: Answered) -> LiveAnswer:
    if answered.status == 0:
        return LiveAnswer(
            None, ManualReason.ENDPOINT_GONE, f"The endpoint is not reached: {answered.failure}."
        )
    text = " ".join(answered.body[:_MAX_DETAIL_CHARS].decode(errors="replace").split())
    if answered.status != OK:
        detail = f"The endpoint answers with status {answered.status}: {text}"
        return LiveAnswer(None, ManualReason.ANSWERS_WRONG, detail)
    try:
        (sample, *_) = read_samples(json.loads(answered.body))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return LiveAnswer(None, ManualReason.ANSWERS_WRONG, f"The endpoint's answer cannot be read: {text}")
    return LiveAnswer(sample)


def endpoint_problems(endpoints: Sequence[str], model: str, *, api_key: str = "none") -> list[str]:
    """What would keep these endpoints from answering about this model now, a sentence each."""
    return [problem for endpoint in endpoints if (problem := _problem(endpoint, model, api_key))]


def _problem(endpoint: str, model: str, api_key: str) -> str | None:
    import httpx  # noqa: PLC0415 - for one question at the start

    headers, shown = {"authorization": f"Bearer {api_key}"}, without_password(endpoint)
    try:
        told = httpx.get(f"{endpoint.rstrip('/')}/models", headers=headers, timeout=_CHECK_TIMEOUT_S)
        if told.status_code != OK:
            return f"The endpoint {shown} answers with status {told.status_code} when asked for its models."
        names = [str(one["id"]) for one in told.json()["data"]]
    except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:_MAX_DETAIL_CHARS].rstrip(".")
        return f"The endpoint {shown} cannot be asked for its models: {reason}."
    if model not in names:
        return f"The endpoint {shown} does not serve {model!r}; it serves {', '.join(names) or 'nothing'}."
    return None
