from __future__ import annotations

import asyncio
import threading

import pytest

from annotator.web.worker_threads import PASSWORDS_WAITING, PasswordsBusy, in_password_thread


async def asked(addresses: list[str], gate: threading.Event) -> list[str]:
    """How each of these went who ask at once, none of whom is answered before the last has asked."""
    waiting = [asyncio.ensure_future(in_password_thread(address, gate.wait)) for address in addresses]
    await asyncio.sleep(0.05)
    gate.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(one is True or isinstance(one, PasswordsBusy) for one in done)
    return ["busy" if isinstance(one, PasswordsBusy) else "checked" for one in done]


def test_passwords_beyond_the_queue_are_refused_at_once_and_the_queue_is_free_again_afterwards() -> None:
    gate = threading.Event()
    many = [f"192.0.2.{number}" for number in range(300)]
    told = asyncio.run(asked(many, gate))
    assert told.count("checked") == PASSWORDS_WAITING
    assert told[:PASSWORDS_WAITING] == ["checked"] * PASSWORDS_WAITING
    assert asyncio.run(asked(["192.0.2.1"], gate)) == ["checked"]


@pytest.mark.parametrize("one_line", ["192.0.2.7", "2001:db8:0:1::{}"])
def test_one_line_to_the_internet_cannot_fill_the_queue_for_everybody_else(one_line: str) -> None:
    addresses = [one_line.format(f"{number:x}") for number in range(100)]
    told = asyncio.run(asked([*addresses, "198.51.100.1", "2001:db8:0:2::1"], threading.Event()))
    assert told[-2:] == ["checked", "checked"]
    assert told.count("checked") == PASSWORDS_WAITING // 2 + 2
