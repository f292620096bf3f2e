"""Caches slow figures: each for at most ten times as long as it took to compute.

Small stores are computed anew on every look; at half a million reviews a lead who goes from screen to screen waits
for each figure once, and sees it some fifteen seconds old at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakKeyDictionary

from data.store.opening import Store

Figures = TypeVar("Figures")

LONG_S = 0.5
"""CPU seconds from which on figures are kept."""
KEPT_FOR = 10.0
_kept: WeakKeyDictionary[Store, dict[tuple[str, Hashable], tuple[float, object]]] = WeakKeyDictionary()
_lock = threading.Lock()


def cached(
    store: Store,
    compute: Callable[[Store], Figures],
    *,
    of: Hashable = None,
    clock_s: Callable[[], float] = time.monotonic,
) -> Figures:
    """What `compute` makes of the store, from before if that is recent enough. One process computes a figure once,
    however many people look at it. `of` tells apart what the same function computes with other options."""
    name = (f"{compute.__module__}.{compute.__qualname__}", of)
    with _lock:
        until_s, figures = _kept.setdefault(store, {}).get(name, (0.0, None))
        if clock_s() < until_s:
            return figures  # type: ignore[return-value]  # kept under the name of what computed it
        begun_s = time.thread_time()
        made = compute(store)
        took_s = time.thread_time() - begun_s
        if took_s >= LONG_S:
            _kept[store][name] = (clock_s() + KEPT_FOR * took_s, made)
        return made
