"""What is slow is built once for all of pytest's processes, and copied for every test that needs its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data.scenarios.plan_folder import OUTPUTS
from data.store.opening import Store
from tests.data.scenarios.builders import a_plan, a_scenario_store, generate
from tests.stores import copied
from tests.templates import template


def _build(folder: Path) -> None:
    a_scenario_store(folder).close()


def _generate(folder: Path) -> None:
    """A plan of one clip of fog with what the stand-in generator made of it."""
    store = copied(template("scenarios", _build), folder / "store")
    a_plan(store, folder / "plan")
    generate(folder / "plan")
    store.close()


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """The outputs of that plan, for the store of this test."""
    shutil.copytree(template("generated", _generate) / "plan", tmp_path / "plan")
    return tmp_path / "plan" / OUTPUTS


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return copied(template("scenarios", _build), tmp_path)
