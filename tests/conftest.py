"""What tests share: the demo dataset, drawn once, a PostgreSQL, and stores on either database."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from data.people import accounts
from tests import stores, templates
from tests.postgresql import BIN, MISSING, Cluster, Databases
from tests.repository import ROOT

HERE = Path(__file__).parent

DRAW = "import sys; from pathlib import Path; from data import demo; demo.build_dataroot(Path(sys.argv[1]))"

PLACES = {
    "browser": ("annotator/browser",),
    "training": ("training",),
    "faults": ("faults",),
    "processes": (
        "annotator/demo",
        "annotator/monitor/test_monitor_commands.py",
        "annotator/test_commands.py",
        "annotator/test_scenarios_on_demo.py",
        "annotator/test_two_processes.py",
        "data/proposals/test_interruption.py",
        "data/proposals/test_ray_proposals.py",
        "documentation/test_pipeline_runs.py",
    ),
}
"""The marks of tests by the folder or file that they stand in. What takes longest comes first, so that no process of
pytest is left with it at the end."""
FIXTURES = {"postgresql": "postgresql", "demo_dataroot": "processes"}
"""The marks of tests by what they ask for."""
SHARED = ("browser", "training", "postgresql")
"""Marks whose tests stay in one process: they share an app and Chromium, a trained model, a server."""

collect_ignore_glob = ["benchmarks/bench_*.py"]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What `-m "not training"` leaves out is not even imported."""
    left_out = set(re.findall(r"not (\w+)", config.getoption("markexpr")))
    return bool(left_out.intersection(_marks_of_place(collection_path))) or None


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marks = [*_marks_of_place(item.path), *_marks_of_fixtures(item)]
        for name in marks:
            item.add_marker(name)
        together = next((name for name in SHARED if name in marks), item.nodeid.partition("::")[0])
        item.add_marker(pytest.mark.xdist_group(together))
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in (*PLACES, "postgresql")])


def _marks_of_place(path: Path) -> list[str]:
    place = path.relative_to(HERE) if path.is_relative_to(HERE) else Path()
    return [name for name, places in PLACES.items() if any(place.is_relative_to(one) for one in places)]


def _marks_of_fixtures(item: pytest.Item) -> list[str]:
    asked = {*getattr(item, "fixturenames", ())}
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        asked.add(str(item.callspec.params.get("_store_kind")))
    return [mark for name, mark in FIXTURES.items() if name in asked]


@pytest.fixture(scope="session", autouse=True)
def _templates_of_all_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "shared", shared / "templates")
        yield


@pytest.fixture(scope="session")
def demo_dataroot(pytestconfig: pytest.Config) -> Path:
    """Drawn once for all of pytest's processes, and not again while the code that draws stays as it is."""
    return templates.template("demo", lambda folder: _draw(folder, pytestconfig))


def _draw(folder: Path, config: pytest.Config) -> None:
    """By a process of its own: a pool started from this one would import what AppTest made of `__main__`."""
    cache: pytest.Cache | None = getattr(config, "cache", None)
    drawn = cache.mkdir(f"demo-{_drawing_hash()}") if cache else folder
    subprocess.run([sys.executable, "-c", DRAW, str(drawn)], cwd=ROOT, check=True)
    if drawn != folder:
        shutil.copytree(drawn, folder, dirs_exist_ok=True)


def _drawing_hash() -> str:
    """Of the code that draws and of what it draws with."""
    sources = [path.read_bytes() for path in sorted((ROOT / "data" / "demo").rglob("*.py"))]
    versions = [f"{name} {version(name)}".encode() for name in ("numpy", "pillow")]
    return hashlib.sha256(b"".join([*sources, *versions])).hexdigest()[:16]


def with_demo_frames(workspace: Path, dataroot: Path) -> Path:
    """A workspace in which the demo's frames are drawn already, so that building it only has to look."""
    shutil.copytree(dataroot, workspace / "demo-dataroot", copy_function=os.link)
    return workspace


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hashing costs the least it can while tests run; by default one password takes longer than a whole test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
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
