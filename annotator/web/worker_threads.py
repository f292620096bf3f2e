"""The threads in which the app's own routes work, apart from each other so that none has to wait for a slower kind.

Acts wait for the disk, pictures need a whole core for a while, passwords are slow on purpose. In one common pool a
burst of pictures would hold up the answer "saved" for everybody.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache, partial
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, TypeVar, cast

from annotator.web.shared_writes import SharedWrites
from data.store.opening import Store

Result = TypeVar("Result")
_waiting: Counter[str] = Counter()

PASSWORDS_WAITING = 20
"""Four seconds of work at the most: whoever comes later is better told so than left waiting."""
ACT_THREADS = 8
"""How many acts a database server is given at once; on SQLite acts share their commits instead."""


async def act_on(store: Store, do: Callable[[Store], Result]) -> Result:
    """Do something that writes to a store; it is given the store to write to."""
    if store.is_sqlite:
        return cast(Result, await asyncio.wrap_future(_shared_writes(store).do(do)))
    return await asyncio.get_running_loop().run_in_executor(_act_threads(), do, store)


async def in_picture_thread(do: Callable[..., Result], *args: Any) -> Result:
    """Run something that decodes or encodes a picture; one core always stays free for acts where there are two."""
    return await asyncio.get_running_loop().run_in_executor(_picture_threads(), partial(do, *args))


class PasswordsBusy(Exception):
    """As many passwords wait to be checked as ever may."""


async def in_password_thread(address: str, do: Callable[..., Result], *args: Any) -> Result:
    """Run something that hashes a password: one at a time, so that guessing cannot take the machine.

    address: who asks. Raises PasswordsBusy beyond PASSWORDS_WAITING, or half of them from one address.
    """
    line = network_of(address)
    if sum(_waiting.values()) >= PASSWORDS_WAITING or _waiting[line] >= PASSWORDS_WAITING // 2:
        raise PasswordsBusy
    _waiting[line] += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_password_threads(), partial(do, *args))
    finally:
        _waiting[line] -= 1
        if not _waiting[line]:
            del _waiting[line]


def network_of(address: str) -> str:
    """What one line to the internet can vary: an IPv4 address stands for itself, an IPv6 address for its /64.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:aaaa::7"), network_of("")
    ('192.0.2.7', '2001:db8:1:2::/64', '')
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found.ipv4_mapped if isinstance(found, IPv6Address) else found)


@lru_cache(maxsize=8)
def _shared_writes(store: Store) -> SharedWrites:
    return SharedWrites(store)


@cache
def _act_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(ACT_THREADS, thread_name_prefix="act")


@cache
def _picture_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), thread_name_prefix="picture")


@cache
def _password_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="password")
