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

from data.images.model_picture import ModelPicture
from data.vlm.answer import Sample, read_samples
from data.vlm.kept_connection import OK, Address, Answered, KeptConnection
from data.vlm.moment import Earlier
from data.vlm.request import (
    STUDENT_SAMPLING,
    SamplingParameters,
    data_url,
    largest_reply_bytes,
    one_call_body,
)
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
        self,
        endpoints: Sequence[str],
        model: str,
        sampling: SamplingParameters,
        *,
        api_key: str = "none",
        reply_bytes: int | None = None,
    ) -> None:
        """reply_bytes: the largest reply that is read; by default what the sampling can produce. Raises
        ProposalError for an address that is none."""
        self.addresses = [Address.of(endpoint) for endpoint in endpoints]
        self.model, self.sampling, self._api_key = model, sampling, api_key
        self._reply_bytes = reply_bytes or largest_reply_bytes(sampling)
        self._idle: dict[Address, list[KeptConnection]] = defaultdict(list)
        self._turn = 0

    async def ask(
        self, picture: ModelPicture, *, deadline_s: float, earlier: Sequence[Earlier[ModelPicture]] = ()
    ) -> LiveAnswer:
        """Ask once about a picture in memory, shown after earlier ones, oldest first. Whatever the endpoint does is an
        answer, never an exception."""
        before = [Earlier(data_url(one.picture), one.before_s) for one in earlier]
        body = one_call_body(data_url(picture), self.model, self.sampling, before)
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
        idle, request = self._idle[address], address.request(body, api_key=self._api_key)
        connection = idle.pop() if idle else KeptConnection(address, most_bytes=self._reply_bytes)
        answered = await _answer(connection, request)
        if answered.went_stale:
            answered = await _answer(connection, request)
        if answered.status:
            idle.append(connection)
        return answered

    def close(self) -> None:
        """Close what is open."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()


async def _answer(connection: KeptConnection, request: bytes) -> Answered:
    coming: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
    connection.ask(request, lambda answered: None if coming.done() else coming.set_result(answered))
    try:
        return await coming
    except asyncio.CancelledError:
        connection.close()  # a reply that may still come must not be taken for the next one
        raise


def _read(answered: Answered) -> LiveAnswer:
    if answered.status == 0 and answered.is_odd:
        return LiveAnswer(
            None, ManualReason.ANSWERS_WRONG, f"The endpoint's answer is not taken: {answered.failure}."
        )
    if answered.status == 0:
        return LiveAnswer(
            None, ManualReason.ENDPOINT_GONE, f"The endpoint cannot be reached: {answered.failure}."
        )
    text = " ".join(answered.body[:_MAX_DETAIL_CHARS].decode(errors="replace").split())
    if answered.status != OK:
        detail = f"The endpoint answers with status {answered.status}: {text}"
        return LiveAnswer(None, ManualReason.ANSWERS_WRONG, detail)
    try:
        samples = read_samples(json.loads(answered.body))
    except (ValueError, RecursionError):
        samples = []
    if not samples:
        return LiveAnswer(None, ManualReason.ANSWERS_WRONG, f"The endpoint's answer cannot be read: {text}")
    return LiveAnswer(samples[0])


def endpoint_problems(endpoints: Sequence[str], model: str, *, api_key: str = "none") -> list[str]:
    """What would keep these endpoints from answering about this model now, a sentence each. Blocks."""
    from data.vlm.client import Asking, Endpoints  # noqa: PLC0415 - half a second, for one question at the start

    asking = Asking(tuple(endpoints), model, STUDENT_SAMPLING, api_key=api_key, timeout_s=_CHECK_TIMEOUT_S)

    async def ask() -> list[str]:
        async with Endpoints(asking) as opened:
            return await opened.problems()

    return asyncio.run(ask())
