"""A moment of `make fuzz` in every run of the suite, and every case that once broke something."""

from __future__ import annotations

import pytest

from tests.fuzz.fuzz import kept, tried
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_what_others_write_is_read_or_refused_in_words(target: Target) -> None:
    for case in kept(target):
        target.check(case)
    tried(target, 8, seed=18)
