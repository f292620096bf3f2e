from __future__ import annotations

from collections.abc import Iterator

import pytest

from annotator.settings import settings


@pytest.fixture(autouse=True)
def _settings_of_each_test() -> Iterator[None]:
    """The settings are read once per process, and here once per test."""
    settings.cache_clear()
    yield
    settings.cache_clear()
