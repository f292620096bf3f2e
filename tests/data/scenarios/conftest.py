"""One built store, copied for every test that needs its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data.scenarios.plan_folder import OUTPUTS
from data.store.opening import Store
from tests.data.scenarios.builders import a_copy, a_plan, a_scenario_store, generate


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenario-template")
    a_scenario_store(folder).close()
    return folder


@pytest.fixture(scope="session")
def generated_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of one clip of fog with what the stand-in generator made of it."""
    folder = tmp_path_factory.mktemp("generated-template")
    store = a_copy(template, folder / "store")
    a_plan(store, folder / "plan")
    generate(folder / "plan")
    store.close()
    return folder / "plan"


@pytest.fixture
def outputs(tmp_path: Path, generated_template: Path) -> Path:
    """The outputs of that plan, for the store of this test."""
    shutil.copytree(generated_template, tmp_path / "plan")
    return tmp_path / "plan" / OUTPUTS


@pytest.fixture
def store(tmp_path: Path, template: Path) -> Store:
    return a_copy(template, tmp_path)
