"""Outsiders' trainers take a snapshot's folder as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from data.snapshot.freeze import FreezeOptions, freeze
from data.vocabulary import ImageStorage
from tests import forked
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
    offline = {**os.environ, **caches}
    words = [tmp_path / "snap", stand_in, tmp_path / "out"]
    done = forked.run(str(SCRIPT), words, env=offline, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    (state,) = (tmp_path / "out").glob("checkpoint-1/trainer_state.json")
    assert json.loads(state.read_text())["global_step"] == 1
