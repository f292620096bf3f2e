"""How many frames a second are taken of a drive that has more of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

RATE_HZ = 2.0
"""As nuScenes annotates: two frames a second."""
_SECOND_US = 1_000_000
_EARLY = 0.05
"""Share of a step by which a frame may come early: clocks jitter."""


def paced(times_us: Sequence[int], rate_hz: float, always: Iterable[int] = ()) -> list[int]:
    """Numbers of the frames that are taken, `rate_hz` a second at most, from their times in order. `always`: numbers
    that are taken whatever their time.

    >>> paced([0, 100_000, 200_000, 300_000, 399_000, 2_000_000, 2_100_000], 5)
    [0, 2, 4, 5]
    """
    step_us, due_us, must, taken = _SECOND_US / rate_hz, float("-inf"), set(always), []
    for number, at_us in enumerate(times_us):
        if at_us >= due_us - _EARLY * step_us:
            taken.append(number)
            due_us = due_us + step_us if at_us < due_us + step_us else at_us + step_us
        elif number in must:
            taken.append(number)
    return taken
