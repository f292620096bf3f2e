"""How often the intervals of probes hold the truth, and how often a model that does not look is shown to look."""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.eval.probes.coverage import every_cell


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=2_000, help="simulated projects in each cell")
    n = parser.parse_args().projects
    started, cells = time.process_time(), []
    for cell in every_cell(n):
        print(cell, file=sys.stderr, flush=True)
        cells.append(cell)
    blind = [cell.above / cell.projects for cell in cells if cell.truth == 0]
    figures = {
        "cells": [cell.as_dict() for cell in cells],
        "lowest_coverage": round(min(cell.share for cell in cells), 4),
        "most_false_looks": round(max(blind), 4),
        "processor_seconds": round(time.process_time() - started, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
