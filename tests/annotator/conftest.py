from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annotator import runtime
from annotator.settings import settings

Serve = Callable[[Path], None]


@pytest.fixture(autouse=True)
def _settings_of_each_test() -> Iterator[None]:
    """The settings are read once per process, and here once per test."""
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Lets the app in this process serve a workspace until the test is over. Streamlit takes its page for the module
    that this process runs, which processes that are spawned later would run anew."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    def serves(workspace: Path) -> None:
        monkeypatch.setenv("TELETRIAGE_WORKSPACE", str(workspace))
        runtime.store.cache_clear()
        settings.cache_clear()

    yield serves
    if runtime.store.cache_info().currsize:
        runtime.store().close()
    runtime.store.cache_clear()
