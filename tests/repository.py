"""Where things stand in this checkout, so that a test that moves to another folder still finds them."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REAL_NUSCENES = ROOT.parent / "shared" / "nuscenes-real"
"""A few real frames and tables beside the checkout; tests that want them skip where they are missing."""

needs_real_frames = pytest.mark.skipif(
    not REAL_NUSCENES.is_dir(), reason="the real nuScenes frames are not here"
)

MEMORY, GB = Path("/dev/shm"), 10**9  # noqa: S108 - pytest and mkdtemp make folders of their own in it


@cache
def scratch() -> Path:
    """Where folders of tests lie: in memory where there is plenty, since a disk takes a third of the time."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 * GB and _available_bytes() > 8 * GB
    return MEMORY if is_roomy else Path(tempfile.gettempdir())


def _available_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
