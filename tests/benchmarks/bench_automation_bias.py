"""Planted automation bias in 200 projects: how often each interval holds what was planted.

`python -m tests.benchmarks.bench_automation_bias [--projects 200]` prints one JSON object at the end.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.eval.annotators.bias_simulation import Planted, coverage

FIGURES = ("follows_assisted", "says_same_blind", "harmful_switch", "helpful_switch", "effect")
CELLS = (
    (Planted(assisted=0.1), 240, 0.0),
    (Planted(), 240, 0.0),
    (Planted(assisted=0.5, harmful=0.4, helpful=0.6), 240, 0.0),
    (Planted(), 1200, 0.1),
    (Planted(assisted=0.5, harmful=0.4, helpful=0.6), 1200, 0.1),
)
"""What is planted, how many scenes a project has, and how far scenes differ."""


def cell(planted: Planted, projects: int, scenes: int, spread: float) -> dict[str, object]:
    """One planted setting: coverage by figure, and the projects large enough to show it."""
    found = coverage(planted, projects, scenes=scenes, spread=spread)
    figures = {
        name: {"coverage": round(hits / shown, 4) if shown else None, "projects": shown}
        for name, (hits, shown) in zip(FIGURES, found, strict=True)
    }
    print(f"{planted}: {figures}", file=sys.stderr, flush=True)
    return {"planted": vars(planted), "scenes": scenes, "spread": spread, "figures": figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=200)
    asked = parser.parse_args()
    print(
        json.dumps(
            {"cells": [cell(planted, asked.projects, scenes, spread) for planted, scenes, spread in CELLS]}
        )
    )


if __name__ == "__main__":
    main()
