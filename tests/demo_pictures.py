"""The demo's dataroot with every tenth picture drawn as the demo draws it, and the vehicle's way between them zoomed.

Drawing all of them takes a minute of processor time. How pictures are drawn is tested one by one in tests/data/demo.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from data.demo.dataroot import JPEG_QUALITY, jpeg_bytes, write_tables
from data.demo.drawing.world import FRAMES_PER_SCENE, DemoScene
from data.demo.drives.scenes import scenes

EVERY, CLOSER = 10, 0.012
"""Of so many frames one is drawn; each one after it shows so much less of the picture at its edges."""


def build(dataroot: Path) -> None:
    write_tables(dataroot)
    for scene in scenes():
        for frame in range(0, FRAMES_PER_SCENE, EVERY):
            _drawn_and_on(dataroot, scene, frame)


def _drawn_and_on(dataroot: Path, scene: DemoScene, frame: int) -> None:
    drawn = dataroot / scene.filename(frame)
    drawn.parent.mkdir(parents=True, exist_ok=True)
    drawn.write_bytes(jpeg_bytes(scene, frame))
    picture = Image.open(drawn)
    width, height = picture.size
    for after in range(1, min(EVERY, FRAMES_PER_SCENE - frame)):
        x, y = width * CLOSER * after, height * CLOSER * after
        nearer = picture.resize(picture.size, Image.Resampling.BILINEAR, box=(x, y, width - x, height - y))
        nearer.save(dataroot / scene.filename(frame + after), quality=JPEG_QUALITY)
