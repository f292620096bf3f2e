from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from annotator.widgets.figure_cache import cached
from data.store.opening import Store, open_store


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def counting(cpu_s: float) -> Callable[[Store], int]:
    """Something that takes so much CPU and says how often it was asked."""
    asked = []

    def compute(_store: Store) -> int:
        until_s = time.thread_time() + cpu_s
        while time.thread_time() < until_s:
            pass
        asked.append(1)
        return len(asked)

    return compute


def test_what_takes_long_is_kept_ten_times_as_long_and_then_computed_anew(tmp_path: Path) -> None:
    store, clock, compute = open_store(tmp_path, create=True), Clock(), counting(0.55)
    assert cached(store, compute, clock_s=clock) == 1
    clock.now_s += 5.0
    assert cached(store, compute, clock_s=clock) == 1
    clock.now_s += 60.0
    assert cached(store, compute, clock_s=clock) == 2


def test_what_is_quick_is_never_old_and_stores_do_not_share_figures(tmp_path: Path) -> None:
    store, clock, compute = open_store(tmp_path / "a", create=True), Clock(), counting(0.0)
    assert [cached(store, compute, clock_s=clock) for _ in range(3)] == [1, 2, 3]
    other, slow = open_store(tmp_path / "b", create=True), counting(0.55)
    assert (cached(store, slow, clock_s=clock), cached(other, slow, clock_s=clock)) == (1, 2)
