"""Where things stand in this checkout, so that a test that moves to another folder still finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REAL_NUSCENES = ROOT.parent / "shared" / "nuscenes-real"
"""A few real frames and tables beside the checkout; tests that want them skip where they are missing."""

needs_real_frames = pytest.mark.skipif(
    not REAL_NUSCENES.is_dir(), reason="the real nuScenes frames are not here"
)
