"""The threads in which the app's own routes work, apart from each other so that none has to wait for a slower kind.

Acts wait for the disk, pictures need a whole core for a while, passwords are slow on purpose. In one common pool a
burst of pictures would hold up the answer "saved" for everybody.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, TypeVar

from data.store import Store

Result = TypeVar("Result")

ACT_THREADS_SQLITE, ACT_THREADS_SERVER = 1, 8
"""How many acts are under way at once. In SQLite they queue in any case, and in one thread they queue in order;
in several they would wait for each other's locks by sleeping. A database server works on many at once."""


async def in_act_thread(store: Store, do: Callable[..., Result], *args: Any) -> Result:
    """Run something that writes to this store."""
    threads = _act_threads(ACT_THREADS_SQLITE if store.is_sqlite else ACT_THREADS_SERVER)
    return await asyncio.get_running_loop().run_in_executor(threads, partial(do, *args))


async def in_picture_thread(do: Callable[..., Result], *args: Any) -> Result:
    """Run something that decodes or encodes a picture; one core always stays free for acts where there are two."""
    return await asyncio.get_running_loop().run_in_executor(_picture_threads(), partial(do, *args))


async def in_password_thread(do: Callable[..., Result], *args: Any) -> Result:
    """Run something that hashes a password: one at a time, so that guessing cannot take the machine."""
    return await asyncio.get_running_loop().run_in_executor(_password_threads(), partial(do, *args))


@cache
def _act_threads(n: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n, thread_name_prefix="act")


@cache
def _picture_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), thread_name_prefix="picture")


@cache
def _password_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="password")
