"""What tests share: the demo dataset, drawn once, a PostgreSQL, and stores on either database."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from data.people import accounts
from tests import builders
from tests.postgresql import BIN, MISSING, Cluster
from tests.repository import ROOT

DRAW = "import sys; from pathlib import Path; from data import demo; demo.build_dataroot(Path(sys.argv[1]))"


@pytest.fixture(scope="session")
def demo_dataroot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn once for all of pytest's processes, and by a process of its own: a pool started from this one would
    import whatever Streamlit's AppTest made of `__main__`."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "demo.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        subprocess.run([sys.executable, "-c", DRAW, str(shared / "demo")], cwd=ROOT, check=True)
    return shared / "demo"


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
    cluster: Cluster = request.getfixturevalue("postgresql")
    opened: list[str] = []

    def new_url() -> str:
        opened.append(cluster.new_database())
        return opened[-1]

    monkeypatch.setattr(builders, "new_store_url", new_url)
    yield
    for url in opened:
        cluster.drop(url)
