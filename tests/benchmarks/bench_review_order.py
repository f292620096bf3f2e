"""How many of the teacher's TELEOPERATION misses each order reaches: `make bench-review-order`.

Every order reviews the same simulated pools in batches; a review tells the true level. The last line is one JSON
object with, per order, the percentage of misses reached after reviewing 10, 20, 25 and 30 % of the frames, for all
misses and for TELEOPERATION that the teacher called AUTONOMY, and the CPU time to score 100,000 frames. The run fails
if that takes longer than SCORED_WITHIN_S.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from annotator.review_order import expected_cost
from annotator.review_order.features import static_probabilities, surroundings
from tests.benchmarks.simulated_pool import SimulatedPool, simulated_pool

Floats = npt.NDArray[np.float64]
Order = Callable[[expected_cost.Pool, Sequence[int], Sequence[int]], Floats]

SHARES = (0.10, 0.20, 0.25, 0.30)
BATCH = 100
SEEDS = (0, 1, 2)
SCORED_WITHIN_S = 2.0
"""What a lead may wait for a new order of 100,000 frames, in seconds of CPU."""


def in_file_order(pool: expected_cost.Pool, _reviewed: Sequence[int], _levels: Sequence[int]) -> Floats:
    return -np.arange(len(pool["a"]), dtype=np.float64)


def at_random(pool: expected_cost.Pool, _reviewed: Sequence[int], _levels: Sequence[int]) -> Floats:
    return np.random.default_rng(1).random(len(pool["a"]))


def least_confidence(pool: expected_cost.Pool, _reviewed: Sequence[int], _levels: Sequence[int]) -> Floats:
    return np.asarray(1 - pool["probs"].max(axis=1))


def margin(pool: expected_cost.Pool, _reviewed: Sequence[int], _levels: Sequence[int]) -> Floats:
    """The SUPERVISION/TELEOPERATION margin alone, among frames that the teacher put on either side of it."""
    probabilities = pool["probs"]
    return np.asarray((pool["a"] > 0) * 2.0 - np.abs(probabilities[:, 1] - probabilities[:, 2]))


def static_miss(pool: expected_cost.Pool, _reviewed: Sequence[int], _levels: Sequence[int]) -> Floats:
    return np.asarray(static_probabilities(pool)[:, 2] * (pool["a"] < 2))


def neighbours_first(pool: expected_cost.Pool, reviewed: Sequence[int], levels: Sequence[int]) -> Floats:
    """Expected cost, and a found miss sends its neighbours to the front; no model."""
    proposed = np.asarray(pool["a"])
    cost = (static_probabilities(pool) * expected_cost.COST[:, proposed].T).sum(axis=1)
    near = expected_cost._near_misses(
        proposed, surroundings(pool), np.asarray(reviewed, dtype=int), np.asarray(levels, dtype=int)
    )
    return np.asarray(cost + 10 * near)


ORDERS: dict[str, Order] = {
    "random": at_random,
    "file order": in_file_order,
    "least confidence": least_confidence,
    "S/T margin alone": margin,
    "static P(T missed)": static_miss,
    "cost, neighbours of a found miss": neighbours_first,
    "learnt online": expected_cost.scores,
}


def reached(order: Order, simulated: SimulatedPool, *, batch: int = BATCH) -> dict[str, list[float]]:
    """Percent of misses reached at each share, of all and of those the teacher called AUTONOMY."""
    frames = len(simulated.true)
    done: list[int] = []
    waiting = np.ones(frames, dtype=bool)
    while len(done) < round(SHARES[-1] * frames):
        value = order(simulated.pool, done, simulated.true[done].tolist())
        first = np.argsort(np.where(waiting, -value, np.inf), kind="stable")[:batch]
        waiting[first] = False
        done += first.tolist()
    missed = (simulated.true == 2) & (simulated.pool["a"] < 2)
    said_autonomy = missed & (simulated.pool["a"] == 0)
    return {
        "all": [_share(missed, done, share) for share in SHARES],
        "said_autonomy": [_share(said_autonomy, done, share) for share in SHARES],
    }


def _share(wanted: npt.NDArray[np.bool_], done: list[int], share: float) -> float:
    found = wanted[done[: round(share * len(wanted))]].sum()
    return round(100 * float(found / wanted.sum()), 1)


def seconds_for(frames: int, reviewed: int) -> float:
    """CPU seconds of one scoring of a large pool after so many reviews."""
    simulated = simulated_pool(9, scenes=frames // 40, frames=frames)
    done = np.random.default_rng(3).permutation(frames)[:reviewed]
    begun = time.process_time()
    expected_cost.scores(simulated.pool, done.tolist(), simulated.true[done].tolist())
    return round(time.process_time() - begun, 2)


def main(seeds: Sequence[int] = SEEDS) -> None:
    pools = [simulated_pool(seed) for seed in seeds]
    right = np.mean([(one.pool["a"] == 2)[one.true == 2].mean() for one in pools])
    table = {}
    for name, order in ORDERS.items():
        runs = [reached(order, one) for one in pools]
        table[name] = {
            which: [round(float(value), 1) for value in np.mean([run[which] for run in runs], axis=0)]
            for which in ("all", "said_autonomy")
        }
        print(f"{name:34} all {table[name]['all']}  T said A {table[name]['said_autonomy']}", file=sys.stderr)
    scored_in_s = {str(done): seconds_for(100_000, done) for done in (0, 2_000, 30_000)}
    figures = {
        "frames": len(pools[0].true),
        "seeds": list(seeds),
        "teacher_right_on_teleoperation": round(float(right), 3),
        "shares_percent": [100 * share for share in SHARES],
        "reached_percent": table,
        "seconds_to_score_100000_frames": scored_in_s,
    }
    print(json.dumps(figures))
    if max(scored_in_s.values()) > SCORED_WITHIN_S:
        sys.exit(
            f"Scoring 100,000 frames took {max(scored_in_s.values())} s of CPU, not {SCORED_WITHIN_S} s at most."
        )


if __name__ == "__main__":
    main()
