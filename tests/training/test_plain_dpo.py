"""Outsiders' trainers take a snapshot's folder as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data.snapshot.freeze import FreezeOptions, freeze
from data.vocabulary import ImageStorage
from tests.builders import T
from tests.data.snapshot.test_snapshot import a_verified_store
from tests.repository import ROOT

SCRIPT = ROOT / "docs" / "plain_dpo.py"


@pytest.mark.parametrize("images", ImageStorage)
def test_a_plain_dpo_trainer_trains_a_step_on_the_folder(
    tmp_path: Path, stand_in: Path, images: ImageStorage
) -> None:
    freeze(a_verified_store(tmp_path, level=T), tmp_path / "snap", FreezeOptions(images=images))
    caches = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    offline = {**os.environ, **caches, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(SCRIPT), str(tmp_path / "snap"), str(stand_in), str(tmp_path / "out")]
    done = subprocess.run(command, env=offline, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (state,) = (tmp_path / "out").glob("checkpoint-1/trainer_state.json")
    assert json.loads(state.read_text())["global_step"] == 1
