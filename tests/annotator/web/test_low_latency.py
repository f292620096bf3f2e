"""Answers that do not wait for an acknowledgement."""

from __future__ import annotations

import asyncio
import gc
import socket

from annotator.web.low_latency import low_latency, set_no_delay, spare_what_stays


def is_prompt(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_connections_made_while_the_app_runs_are_prompt() -> None:
    async def run(listener: socket.socket) -> bool:
        async with low_latency(None):
            with socket.create_connection(listener.getsockname()):
                accepted, _ = listener.accept()
                with accepted:
                    return is_prompt(accepted)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not is_prompt(listener)
        assert asyncio.run(run(listener))


def test_connections_made_before_become_prompt() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert not is_prompt(accepted)
        set_no_delay()
        assert is_prompt(accepted)


def test_other_sockets_are_left_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        set_no_delay()
        ours.sendall(b"still open")
        assert theirs.recv(20) == b"still open"


def test_what_is_loaded_is_spared_by_the_garbage_collector() -> None:
    gc.unfreeze()
    loaded = len(gc.get_objects())
    spare_what_stays()
    assert gc.get_freeze_count() > loaded // 2
    assert len(gc.get_objects()) < loaded // 2
