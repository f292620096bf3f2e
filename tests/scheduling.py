"""How pytest's processes share the tests: by file, and whatever shares an app, a trained model or a server together.

xdist's own marks for this have no effect under pytest 9.2.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.marks import marks_of_place
from tests.repository import ROOT

TOGETHER = ("browser", "training", "faults")


class Grouped(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Groups start in the order of collection, which puts the longest first."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The name of what a test shares with others: a mark, PostgreSQL, or its file."""
    file = nodeid.partition("::")[0]
    together = [name for name in marks_of_place(ROOT / file) if name in TOGETHER]
    return together[0] if together else "postgresql" if "postgresql" in nodeid else file
