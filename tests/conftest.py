"""What tests share: the demo dataset, drawn once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DRAW = "import sys; from pathlib import Path; from data import demo; demo.build_dataroot(Path(sys.argv[1]))"


@pytest.fixture(scope="session")
def demo_dataroot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn by a process of its own: a pool started from this one would import whatever Streamlit's AppTest made
    of `__main__`."""
    folder = tmp_path_factory.mktemp("demo") / "dataroot"
    subprocess.run([sys.executable, "-c", DRAW, str(folder)], cwd=REPOSITORY, check=True)
    return folder


def with_demo_frames(workspace: Path, dataroot: Path) -> Path:
    """A workspace in which the demo's frames are drawn already, so that building it only has to look."""
    shutil.copytree(dataroot, workspace / "demo-dataroot", copy_function=os.link)
    return workspace
