"""`make fuzz`: every target in turn until the time is over, each round with another seed. Prints the first case of a
target that breaks a rule as a file for `corpus/`, and how many were tried; ends with 1 if any rule was broken."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tests.fuzz.targets import TARGETS, Target

CORPUS = Path(__file__).parent / "corpus"
CASES_A_ROUND = 50


def tried(target: Target, cases: int, seed: int) -> None:
    """Draw so many cases and check each; raises what a check raises, with the smallest case in its note."""

    @seeded(seed)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(target.cases())
    def check(case: object) -> None:
        try:
            target.check(case)
        except BaseException as error:
            error.add_note(f"case for corpus/{target.name}: {json.dumps(case)}")
            raise

    check()


def kept(target: Target) -> list[object]:
    """The cases of the corpus for a target: each once broke a rule, or nearly."""
    return [json.loads(path.read_text()) for path in sorted((CORPUS / target.name).glob("*.json"))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=[target.name for target in TARGETS])
    asked = parser.parse_args()
    until = time.monotonic() + asked.seconds
    chosen = [target for target in TARGETS if asked.only in (None, target.name)]
    counts = {target.name: 0 for target in chosen}
    seed = time.time_ns() % 2**32
    broken: set[str] = set()
    while time.monotonic() < until and len(broken) < len(chosen):
        for target in chosen:
            if target.name in broken:
                continue
            try:
                tried(target, CASES_A_ROUND, seed + sum(counts.values()))
            except Exception:  # noqa: BLE001 - whatever it is, it is what was looked for
                traceback.print_exc(limit=-4)
                broken.add(target.name)
            counts[target.name] += CASES_A_ROUND
    print(json.dumps({"seed": seed, "cases": counts, "broken": sorted(broken)}))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
