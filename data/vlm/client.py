"""Asking a vision-language model behind OpenAI-compatible endpoints (vLLM) about frames. The only module that
talks to one.

Endpoints take turns, request by request, and stand in for one another when one fails; `data.vlm.retries` says what
is asked again. Redirections are not followed (a frame would go to an address nobody named), and a reply has a size.
The reasoning parser of the server should be off: `data.vlm.reply` reads <think> itself.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2
import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from data.errors import ProposalError
from data.images.inspection import ImageRefused
from data.text.addresses import without_password
from data.vlm.answer import ModelAnswer, Sample, prompt_tokens, read_samples
from data.vlm.moment import NOW, AskedFrame, Moment
from data.vlm.request import (
    END_OF_THOUGHT,
    SamplingParameters,
    answer_body,
    largest_reply_bytes,
    one_call_body,
    text_body,
    thought_body,
    thought_text,
)
from data.vlm.retries import (
    CONTENT_RETRIES,
    FIRST_PAUSE_S,
    REQUEST_TIMEOUT_S,
    TRANSPORT_RETRIES,
    Remedy,
    pause_s,
    remedy,
)
from data.vlm.shown import ShownFrame, shown_frame

MODELS_TIMEOUT_S = 30.0
_MAX_REASON_CHARS = 300

Keep = Callable[[list[ModelAnswer]], None]
"""Takes answers as they arrive and makes them durable; called from a worker thread, one call at a time."""
Answer = TypeVar("Answer")
Asked = TypeVar("Asked")
_HELD = {"choices": "choice", "data": "vector"}


class Unreached(Exception):
    """No answer came, and one may come later. The message is one sentence."""


class Refused(Exception):
    """The endpoint does not take this request, now or later. The message is one sentence."""


@dataclass(frozen=True)
class Asking:
    """How frames are asked about. `files`: the folder, which the server reads too, where pictures are written and named
    instead of sending them. `timeout_s`, `first_pause_s`: per request, and before its first repetition.
    `reply_bytes`: the largest reply that is read; by default what the sampling can produce.
    `accepts_token_mismatch`: go on where the server counts other prompt tokens than were computed."""

    endpoints: tuple[str, ...]
    model: str
    sampling: SamplingParameters
    concurrency: int = 16
    api_key: str = "none"
    files: Path | None = None
    timeout_s: float = REQUEST_TIMEOUT_S
    first_pause_s: float = FIRST_PAUSE_S
    reply_bytes: int | None = None
    accepts_token_mismatch: bool = False


class ReplyTooLarge(Refused):
    """A reply has more bytes than are read."""


class _BoundedStream(httpx2.AsyncByteStream):
    """A reply's bytes, up to a bound."""

    def __init__(self, stream: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._stream, self._most_bytes = stream, most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = 0
        async for piece in self._stream:
            came += len(piece)
            if came > self._most_bytes:
                raise ReplyTooLarge(f"The endpoint's answer is larger than {self._most_bytes:,} bytes.")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _bounded_client(most_bytes: int) -> httpx2.AsyncClient:
    async def bound(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ReplyTooLarge("The endpoint compresses its answers though it was asked not to.")
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _BoundedStream(response.stream, most_bytes)

    return DefaultAsyncHttpxClient(follow_redirects=False, event_hooks={"response": [bound]})


def _open_client(url: str, asking: Asking) -> AsyncOpenAI:
    return AsyncOpenAI(
        base_url=url,
        api_key=asking.api_key,
        timeout=asking.timeout_s,
        max_retries=0,
        default_headers={"Accept-Encoding": "identity"},
        http_client=_bounded_client(asking.reply_bytes or largest_reply_bytes(asking.sampling)),
    )


class Endpoints:
    """Open clients of all endpoints, used in turn."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self._clients = [_open_client(url, asking) for url in asking.endpoints]
        self._turns = itertools.cycle(self._clients)
        self._stack = AsyncExitStack()
        self._text_tokens: dict[Moment, asyncio.Task[int | None]] = {}
        self._counts = True

    async def __aenter__(self) -> Self:
        for client in self._clients:
            await self._stack.enter_async_context(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def check(self) -> None:
        """Raise ProposalError unless every endpoint answers and serves the model."""
        for problem in await self.problems():
            raise ProposalError(problem)

    async def text_tokens(self, moment: Moment = NOW) -> int | None:
        """How many tokens the conversation has without its pictures: asked once for each moment of a server that can
        count (vLLM's /tokenize), None of one that cannot."""
        if not self._counts:
            return None
        if moment not in self._text_tokens:
            self._text_tokens[moment] = asyncio.create_task(self._count_text(moment))
        count = await asyncio.shield(self._text_tokens[moment])
        self._counts = count is not None
        return count

    async def _count_text(self, moment: Moment) -> int | None:
        body = text_body(self.asking.model, self.asking.sampling, moment)
        address = f"{self.asking.endpoints[0].rstrip('/').removesuffix('/v1')}/tokenize"
        try:
            counted = await self._clients[0].post(address, cast_to=object, body=body)
        except (openai.OpenAIError, Refused, ValueError, RecursionError):
            return None
        count = counted.get("count") if isinstance(counted, dict) else None
        return count if type(count) is int else None

    async def refuse_other_tokens(self, shown: ShownFrame, counted: int | None) -> None:
        """Raise ProposalError if the server counted other tokens than the conversation and the pictures have."""
        if counted is None or self.asking.accepts_token_mismatch:
            return
        text = await self.text_tokens(shown.moment)
        if text is None or counted == text + shown.tokens:
            return
        raise ProposalError(
            f"The server counted {counted:,} prompt tokens where {text + shown.tokens:,} were computed: {text:,} of "
            f"text and {shown.words}. It resizes pictures or renders another conversation. Serve the model without a "
            "picture size of its own, or go on with --accept-token-mismatch."
        )

    async def problems(self) -> list[str]:
        """What would keep these endpoints from answering about this model now, a sentence each."""
        asked = [self._problem(*one) for one in zip(self.asking.endpoints, self._clients, strict=True)]
        return [problem for problem in await asyncio.gather(*asked) if problem]

    async def _problem(self, url: str, client: AsyncOpenAI) -> str | None:
        shown = f"The endpoint {without_password(url)}"
        try:
            known = [
                str(entry.id)
                async for entry in client.models.list(timeout=min(MODELS_TIMEOUT_S, self.asking.timeout_s))
            ]
        except openai.APIStatusError as error:
            return f"{shown} answers with status {error.status_code} when asked for its models.{_meant(url, error)}"
        except openai.OpenAIError as error:
            return f"{shown} cannot be asked for its models: {self._reason(error)}"
        except Refused as error:
            return f"{shown} cannot be asked for its models: {error}"
        except (ValueError, TypeError, AttributeError, RecursionError):
            return f"{shown} cannot be asked for its models: what it answers is no list of models."
        if known and self.asking.model not in known:
            return f"{shown} does not serve {self.asking.model!r}; it serves {', '.join(known)}."
        return None

    async def post(
        self, body: dict[str, Any], path: str = "/chat/completions", *, holds: str = "choices"
    ) -> dict[str, Any]:
        """One chat completion (or what else the path answers), as the server's JSON, which has a list called `holds`.
        Raises Unreached, Refused, or ProposalError (wrong key)."""
        for attempt in itertools.count():
            try:
                return await self._post_once(body, path, holds)
            except Unreached:
                if attempt == TRANSPORT_RETRIES:
                    raise
                await asyncio.sleep(pause_s(attempt, self.asking.first_pause_s))
            except openai.OpenAIError as error:
                self._raise_if_final(error)
                if attempt == TRANSPORT_RETRIES:
                    raise Unreached(self._reason(error)) from error
                await asyncio.sleep(pause_s(attempt, self.asking.first_pause_s, _retry_after(error)))
        raise AssertionError("count() does not end")

    async def _post_once(self, body: dict[str, Any], path: str, holds: str) -> dict[str, Any]:
        # The client's typed call walks the whole request first, at a third of the cost of asking.
        try:
            value = await next(self._turns).post(path, cast_to=object, body=body)
        except ValueError as error:
            raise Unreached("The endpoint's answer is not JSON.") from error
        except RecursionError as error:
            raise Unreached("The endpoint's answer is nested too deeply.") from error
        if not isinstance(value, dict) or not isinstance(value.get(holds), list) or not value[holds]:
            raise Unreached(f"The endpoint's answer holds no {_HELD[holds]}.")
        return value

    def _raise_if_final(self, error: openai.OpenAIError) -> None:
        helps = remedy(error.status_code if isinstance(error, openai.APIStatusError) else 0)
        if helps is Remedy.STOP:
            raise ProposalError(
                f"The endpoint does not let {self.asking.model!r} be asked: {self._reason(error)}"
            ) from error
        if helps is Remedy.REFUSE:
            raise Refused(self._reason(error)) from error

    def _reason(self, error: openai.OpenAIError) -> str:
        if isinstance(error, openai.APITimeoutError):
            return f"No answer came within {self.asking.timeout_s:g} s."
        if isinstance(error, openai.APIConnectionError):
            return "Nothing answers there."
        text = " ".join(str(error).split())
        return text[:_MAX_REASON_CHARS] + ("…" if len(text) > _MAX_REASON_CHARS else "")


def _meant(url: str, error: openai.APIStatusError) -> str:
    """The address that was probably meant, where a server answers and has nothing at this one."""
    address = without_password(url).rstrip("/")
    forgotten = error.status_code == HTTPStatus.NOT_FOUND and "/v1" not in address
    return f" Did you mean {address}/v1?" if forgotten else ""


def _retry_after(error: openai.OpenAIError) -> str | None:
    return error.response.headers.get("retry-after") if isinstance(error, openai.APIStatusError) else None


async def ask_frames(
    frames: Sequence[AskedFrame],
    asking: Asking,
    keep: Keep,
    *,
    keep_going: Callable[[], bool],
    question_of: Callable[[str], str] | None = None,
) -> None:
    """Ask about frames, a bounded number at a time, and hand answers to `keep` in the
    groups in which they arrive: while one group is being written the next one gathers.

    keep_going: asked before every frame; False lets the requests under way finish and ends. question_of: ask this
    of each frame instead, for a chain of thought alone. Raises ProposalError if an endpoint cannot be reached at
    all, does not know the model, or refuses the key.
    """
    async with Endpoints(asking) as endpoints:
        await endpoints.check()

        async def ask(frame: AskedFrame) -> ModelAnswer:
            return await ask_frame(endpoints, frame, question_of(frame.frame_id) if question_of else None)

        await asked_in_groups(frames, ask, keep, concurrency=asking.concurrency, keep_going=keep_going)


async def asked_in_groups(
    frames: Sequence[Asked],
    ask: Callable[[Asked], Awaitable[Answer]],
    keep: Callable[[list[Answer]], None],
    *,
    concurrency: int,
    keep_going: Callable[[], bool],
) -> None:
    """Ask about frames, so many at a time; answers go to `keep` in the groups in which they arrive. What `ask` or
    `keep` raises ends the call."""
    answers: asyncio.Queue[Answer | None] = asyncio.Queue()
    keeper = asyncio.create_task(_keep_all(answers, keep))
    waiting = iter(frames)

    async def work() -> None:
        for frame in waiting:
            if keeper.done() or not keep_going():
                return
            answers.put_nowait(await ask(frame))

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(concurrency, len(frames))):
                workers.create_task(work())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        answers.put_nowait(None)
        await keeper


async def _keep_all(answers: asyncio.Queue[Answer | None], keep: Callable[[list[Answer]], None]) -> None:
    arrived: list[Answer | None] = []
    while None not in arrived:
        arrived = [await answers.get()]
        while not answers.empty():
            arrived.append(answers.get_nowait())
        group = [answer for answer in arrived if answer is not None]
        if group:
            await asyncio.to_thread(keep, group)


async def ask_frame(endpoints: Endpoints, frame: AskedFrame, question: str | None = None) -> ModelAnswer:
    """One frame's answer, as `ask_shown`."""
    asking = endpoints.asking
    show = partial(shown_frame, frame, asking.sampling, asking.files)
    return await ask_shown(endpoints, frame.frame_id, show, question)


async def ask_shown(
    endpoints: Endpoints, frame_id: str, show: Callable[[], ShownFrame], question: str | None = None
) -> ModelAnswer:
    """The answer about pictures that `show` makes in a thread: asked again, at most twice and with another seed, while
    no sample can be used.

    Raises ProposalError where the server counts other prompt tokens than were computed.
    """
    asking, attempt = endpoints.asking, 0
    try:
        shown = await asyncio.to_thread(show)
        while True:
            samples, counted = await _ask_once(
                endpoints, shown, asking.sampling.asked_again(attempt), question
            )
            if question is None:
                await endpoints.refuse_other_tokens(shown, counted)
            attempt += 1
            if attempt > CONTENT_RETRIES or any(_is_usable(sample, asking, question) for sample in samples):
                return ModelAnswer(frame_id, tuple(samples), attempts=attempt, prompt_tokens=counted)
    except (ImageRefused, Unreached) as error:
        return ModelAnswer(frame_id, attempts=attempt + 1, unreached=str(error))
    except Refused as error:
        return ModelAnswer(frame_id, attempts=attempt + 1, refused=str(error))


def _is_usable(sample: Sample, asking: Asking, question: str | None) -> bool:
    """A reply with an assessment, and with a chain of thought where one was asked for; for a question of its own,
    text that was not cut."""
    if question is not None:
        return bool(sample.raw) and sample.finish_reason != "length"
    return sample.level is not None and (not asking.sampling.thinks or sample.form is asking.sampling.form)


async def _ask_once(
    endpoints: Endpoints, shown: ShownFrame, sampling: SamplingParameters, question: str | None
) -> tuple[list[Sample], int | None]:
    """The samples, and the prompt tokens that the server counted at the first call."""
    model = endpoints.asking.model
    if question is None and sampling.calls == 1:
        completion = await endpoints.post(one_call_body(shown.url, model, sampling, shown.earlier))
        return read_samples(completion), prompt_tokens(completion)
    completion = await endpoints.post(thought_body(shown.url, model, sampling, question, shown.earlier))
    thoughts = [_thought(sample) for sample in read_samples(completion)]
    if question is not None:
        return thoughts, prompt_tokens(completion)
    asked = [_answer_behind(endpoints, shown, sampling, thought) for thought in thoughts]
    return list(await asyncio.gather(*asked)), prompt_tokens(completion)


def _thought(sample: Sample) -> Sample:
    """A chain of thought without its tags. One that was cut keeps its finish reason "length"."""
    text = sample.raw.partition(END_OF_THOUGHT)[0].strip().removeprefix("<think>")
    return Sample(text.strip(), sample.finish_reason)


async def _answer_behind(
    endpoints: Endpoints, shown: ShownFrame, sampling: SamplingParameters, thought: Sample
) -> Sample:
    """The constrained reply behind a chain of thought. A thought that was cut is a cut reply, and a model that
    answered without thinking has answered: nothing more is asked."""
    if thought.finish_reason == "length":
        return Sample(f"<think>\n{thought.raw}", "length")
    if thought.level is not None:
        return thought
    body = answer_body(shown.url, endpoints.asking.model, sampling, thought.raw, shown.earlier)
    return read_samples(await endpoints.post(body), before=thought_text(thought.raw))[0]
