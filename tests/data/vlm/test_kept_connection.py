"""The kept connection against servers that answer oddly: what is not exactly one response is never an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.vlm.kept_connection import REPLY_BYTES, Address, Answered, KeptConnection, OneResponse

Script = Callable[[int], Sequence[bytes]]
"""The pieces that are written as the n-th answer, with a pause between them."""

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def whole(body: bytes, head: bytes = HEAD) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def asked(script: Script, *, times: int = 1, pause_s: float = 0.0) -> tuple[list[Answered], int]:
    """The answers to requests asked one after the other, and over how many connections."""
    requests, connections = 0, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests, connections
        connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.rpartition(b"Content-Length: ")[2]))
                number, requests = requests, requests + 1
                for piece in script(number):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.003)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = Address.of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    connection, answers = KeptConnection(address), []
    for _ in range(times):
        coming: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        connection.ask(address.request({}), coming.set_result)
        answers.append(await asyncio.wait_for(coming, 2.0))
        await asyncio.sleep(pause_s)
    connection.close()
    server.close()
    return answers, connections


def one(*pieces: bytes) -> Answered:
    return asyncio.run(asked(lambda _: pieces))[0][0]


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ([whole(b"hello")], b"hello"),
        ([whole(b"")], b""),
        ([bytes([byte]) for byte in whole(b"piece by piece")], b"piece by piece"),
        ([CHUNKED + b"2;name=value\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"], b"hello"),
        ([CHUNKED, b"2\r\nh", b"e\r\n3\r", b"\nllo\r\n0\r\n", b"\r\n"], b"hello"),
        (
            [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", whole(b"x")],
            b"x",
        ),
    ],
)
def test_one_response_is_an_answer_however_it_is_cut(pieces: list[bytes], body: bytes) -> None:
    assert one(*pieces) == Answered(200, body)


def test_informational_responses_never_stand_for_the_answer_that_follows_them() -> None:
    def script(number: int) -> list[bytes]:
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        return [hints, whole(b"answer %d" % number)] if number % 2 else [hints + whole(b"answer %d" % number)]

    answers, connections = asyncio.run(asked(script, times=5))
    assert [answer.body for answer in answers] == [b"answer %d" % number for number in range(5)]
    assert connections == 1


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (CHUNKED + b"-6\r\n", "Invalid character in chunk size"),
        (CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", "Invalid character in chunk size"),
        (CHUNKED + b"\r\nhello\r\n", "Invalid character in chunk size"),
        (CHUNKED + b"F" * 20 + b"\r\n", "Chunk size overflow"),
        (b"HTTP/1.1 2 OK\r\n\r\n", "Invalid status code"),
        (b"HTTP/1.1 abc\r\n\r\n", "Invalid status code"),
        (b"ICY 200 OK\r\n\r\n", "Expected HTTP/"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "Expected HTTP/"),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhih", "Duplicate Content-Length"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi", "Transfer-Encoding"),
        (HEAD + b"Content-Length: -2\r\n\r\nhi", "Content-Length"),
        (HEAD + b"\r\nuntil the connection ends", "its end is not marked"),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\nab", "its end is not marked"),
        (whole(b"one") + whole(b"two"), "more than one answer"),
        (whole(b"one") + b"and some more", "more than one answer"),
        (whole(b"one", HEAD + b"Connection: close\r\n") + b"more", "Data after"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "another protocol"),
        (whole(b"x" * (REPLY_BYTES + 1)), "larger than 65,536 bytes"),
        (HEAD + b"Content-Length: 9000000000\r\n\r\n", "larger than 65,536 bytes"),
        (CHUNKED + b"FFFFF\r\n" + b"x" * (REPLY_BYTES + 1), "larger than 65,536 bytes"),
        (HEAD + b"X: " + b"x" * (REPLY_BYTES + 20_000), "larger than 65,536 bytes"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 4_000, "larger than 65,536 bytes"),
    ],
)
def test_what_is_not_exactly_one_response_is_a_failure_and_ends_the_connection(
    answer: bytes, failure: str
) -> None:
    script: Script = lambda number: [whole(b"the next one") if number else answer]  # noqa: E731
    (odd, after), connections = asyncio.run(asked(script, times=2))
    assert (odd.status, odd.is_odd) == (0, True)
    assert failure in odd.failure
    assert (after.body, connections) == (b"the next one", 2)


def test_what_comes_while_nothing_is_asked_is_not_taken_for_the_next_answer() -> None:
    script: Script = lambda number: (  # noqa: E731
        [whole(b"answer %d" % number)] if number else [whole(b"answer 0"), whole(b"nobody asked")]
    )
    answers, connections = asyncio.run(asked(script, times=3, pause_s=0.02))
    assert [answer.body for answer in answers] == [b"answer 0", b"answer 1", b"answer 2"]
    assert connections == 2


def test_a_server_that_closes_after_each_answer_is_asked_over_a_new_connection() -> None:
    script: Script = lambda number: [whole(b"%d" % number, HEAD + b"Connection: close\r\n")]  # noqa: E731
    answers, connections = asyncio.run(asked(script, times=3))
    assert [answer.body for answer in answers] == [b"0", b"1", b"2"]
    assert connections == 3


def test_a_kept_connection_that_the_server_had_closed_says_so() -> None:
    async def asked_twice() -> list[Answered]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(whole(b"first"))
            await reader.readuntil(b"\r\n\r\n{}")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = Address.of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        connection, answers = KeptConnection(address), []
        for _ in range(2):
            coming: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
            connection.ask(address.request({}), coming.set_result)
            answers.append(await asyncio.wait_for(coming, 2.0))
        server.close()
        return answers

    first, second = asyncio.run(asked_twice())
    assert (first.body, second.status, second.went_stale) == (b"first", 0, True)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=4), st.sampled_from([b"", HEAD, CHUNKED, whole(b"ab")[:-1]]))
def test_no_bytes_make_the_reader_raise(pieces: list[bytes], before: bytes) -> None:
    response = OneResponse(200)
    for piece in (before, *pieces):
        response.feed(piece)
    assert response.received == len(before) + sum(map(len, pieces))
    assert not (response.received > 200 and not response.failure)
