"""Does a threshold keep its guarantee, and is a guarantee withdrawn when it no longer holds?

`python -m tests.benchmarks.bench_guarantee [--projects 2000]` prints one JSON object on its last line: violations by
cell, and of the live test the share of false withdrawals and the median of frames until a shift of five points is seen.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.eval.guarantee.simulation import Cell, guaranteed, withdrawals

CELLS = tuple(Cell(scenes, spread) for scenes in (60, 80, 150) for spread in (0.0, 0.7, 1.5))
GUARANTEE, SHIFTED = 0.05, 0.10
FRAMES = 3000
"""So many random live frames of the level is a test looked at after each."""


def cell(one: Cell, projects: int) -> dict[str, object]:
    found = guaranteed(one, projects)
    told = {
        **vars(one),
        "projects": projects,
        "given": found.given,
        "violations": found.violations / projects,
        "mean_miss_rate": found.mean_miss_rate,
    }
    print(told, file=sys.stderr, flush=True)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=2000)
    projects = parser.parse_args().projects
    cells = [cell(one, projects) for one in CELLS]
    false, _ = withdrawals(GUARANTEE, GUARANTEE, projects=projects, frames=FRAMES)
    found, median = withdrawals(SHIFTED, GUARANTEE, projects=projects, frames=FRAMES)
    live = {
        "guarantee": GUARANTEE,
        "shifted_to": SHIFTED,
        "projects": projects,
        "false_withdrawals": false,
        "withdrawn_after_shift": found,
        "median_frames": median,
    }
    print(json.dumps({"cells": cells, "live": live}))


if __name__ == "__main__":
    main()
