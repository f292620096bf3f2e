"""One real vLLM for all tests: a tiny model, and beside it the end and a checkpoint of a training on it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import pytest

from data.vlm.weights import served_name

ENVIRONMENT = os.environ.get("TELETRIAGE_REAL_ENGINE", "")
HERE = Path(__file__).parent
START_S = 900
WIDTH_PX = 320
BASE = "tiny-vl"


@dataclass(frozen=True)
class Engine:
    """`url`: of the server; `checkpoint`: the base model; `adapters`: folders by served name."""

    url: str
    checkpoint: Path
    adapters: dict[str, Path]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, written by the engine's own transformers."""
    folder = tmp_path_factory.mktemp("engine") / "tiny"
    python = f"{ENVIRONMENT}/bin/python"
    subprocess.run([python, str(HERE / "tiny_checkpoint.py"), str(folder)], check=True, env=_bare())
    return folder


@pytest.fixture(scope="session")
def adapters(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A training's end, and its checkpoint after one update."""
    from tests.training.builders import write_recipe, write_snapshot
    from training.train import train

    folder = tmp_path_factory.mktemp("trained")
    recipe = write_recipe(
        folder / "recipe.yaml",
        image__width_px=WIDTH_PX,
        schedule__epochs=6,
        schedule__learning_rate=2e-2,
        runtime__save_every_steps=5,
    )
    out = train(write_snapshot(folder / "snapshot"), recipe, checkpoint, folder / "aligned").adapter
    found = (out, out / "checkpoints" / "checkpoint-5")
    return {served_name(path): path for path in found}


@pytest.fixture(scope="session")
def engine(checkpoint: Path, adapters: dict[str, Path]) -> Iterator[Engine]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (checkpoint.parent / "server.log").open("w")
    command = [str(HERE / "serve.sh"), ENVIRONMENT, str(checkpoint), str(port)]
    command += [f"{name}={path}" for name, path in adapters.items()]
    server = subprocess.Popen(command, stdout=log, stderr=log, env=_bare(), start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server, Path(log.name))
        yield Engine(f"http://127.0.0.1:{port}/v1", checkpoint, adapters)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)
        log.close()


def _bare() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "OMP_NUM_THREADS")
    }


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
            return
        except (URLError, OSError):
            time.sleep(1)
    raise AssertionError(f"vLLM did not start within {START_S} s: {log.read_text()[-3000:]}")
