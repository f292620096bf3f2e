"""What tests share: the demo dataset, drawn once, a PostgreSQL, and stores on either database."""

from __future__ import annotations

import atexit
import gc
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from data.people import passwords
from tests import demo_pictures, stores, templates
from tests.made_once import made_once
from tests.marks import PLACES, marks, marks_of_place
from tests.postgresql import BIN, MISSING, Cluster, Databases
from tests.repository import scratch

collect_ignore_glob = ["benchmarks/bench_*.py"]


def pytest_configure(config: pytest.Config) -> None:
    """Folders of tests go to memory; the chosen one is pytest's own business as soon as somebody names it."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(scratch()))
    gc.disable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What `-m "not training"` leaves out is not even imported."""
    left_out = set(re.findall(r"not (\w+)", config.getoption("markexpr")))
    return bool(left_out.intersection(marks_of_place(collection_path))) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in marks(item):
            item.add_marker(name)
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in (*PLACES, "postgresql")])


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: no collection of garbage has to look through it again."""
    gc.freeze()
    gc.enable()
    atexit.register(gc.unfreeze)  # some libraries count what they still hold then


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.scheduling import Grouped

    return Grouped(config, log)


@pytest.fixture(scope="session", autouse=True)
def _templates_of_all_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "shared", shared / "templates")
        yield


@pytest.fixture(scope="session")
def demo_dataroot() -> Path:
    """Drawn once for all of pytest's processes."""
    return templates.template("demo", demo_pictures.build)


def with_demo_frames(workspace: Path, dataroot: Path) -> Path:
    """A workspace in which the demo's frames are drawn already, so that building it only has to look."""
    shutil.copytree(dataroot, workspace / "demo-dataroot", copy_function=os.link)
    return workspace


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hashing costs the least it can while tests run; by default one password takes longer than a whole test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    with made_once():
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """One server for the whole session."""
    if BIN is None:
        pytest.skip(MISSING)
    cluster = Cluster()
    yield cluster
    cluster.remove()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests under `pytestmark = pytest.mark.each_store` that have a folder for a store run once per database."""
    if metafunc.definition.get_closest_marker("each_store") and "tmp_path" in metafunc.fixturenames:
        metafunc.parametrize("_store_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _store_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where told so, what `tests.builders` opens is a new PostgreSQL database per store."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield
        return
    databases = Databases(request.getfixturevalue("postgresql"))
    monkeypatch.setattr(stores, "databases", databases)
    yield
    databases.drop()
