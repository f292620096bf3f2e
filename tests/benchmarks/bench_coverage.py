"""How often intervals over scenes hold the truth, and how often claims and differences are accepted that are false."""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.eval.comparison.gate_simulation import every_gate
from tests.eval.coverage_matrix import as_values, every_cell, other_intervals


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=10_000, help="simulated projects in each cell")
    n = parser.parse_args().projects
    started = time.process_time()
    cells = every_cell(n)
    for cell in cells:
        print(cell, file=sys.stderr, flush=True)
    defined = [cell.coverage for cell in cells if cell.coverage is not None]
    others = other_intervals(max(1, n // 30))
    gate = every_gate(max(1, n // 5))
    figures = {
        "cells": as_values(cells),
        "others": others,
        "gate": gate,
        "lowest_coverage": round(min(defined), 4),
        "lowest_coverage_of_others": min(other["coverage"] for other in others),
        "most_false_claims": max(cell.false_claims for cell in cells),
        "most_false_passes": gate["most_false_passes"],
        "most_false_differences": max(cell.false_differences for cell in cells),
        "processor_seconds": round(time.process_time() - started, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
