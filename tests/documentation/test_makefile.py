"""`make help` knows every target, and make takes no file for one of them."""

from __future__ import annotations

import re

from tests.repository import ROOT

TEXT = (ROOT / "Makefile").read_text()
BENCHMARKS = {path.stem.replace("_", "-") for path in (ROOT / "tests" / "benchmarks").glob("bench_*.py")}


def test_every_target_is_phony_and_stands_in_the_help() -> None:
    targets = {*re.findall(r"^([a-z][a-z-]*):", TEXT, re.MULTILINE)} | BENCHMARKS
    (phony,) = re.findall(r"^\.PHONY: (.*)$", TEXT, re.MULTILINE)
    assert {*phony.split()} - {"$(BENCHES)"} == targets - BENCHMARKS
    assert {*re.findall(r'echo "make ([a-z-]+) ', TEXT)} == targets - {"help"}
