"""Writes the demo dataroot: tables, map masks and images; what is there and whole is left alone."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from threading import current_thread, main_thread

from PIL import Image, ImageDraw

from data.demo.drawing.picture import render
from data.demo.drawing.world import FRAMES_PER_SCENE, DemoScene
from data.demo.drives.scenes import scene_named, scenes
from data.demo.tables import all_tables, map_filename
from data.whole_files import written_whole

VERSION = "v1.0-demo"
JPEG_QUALITY = 88
JPEG_END = b"\xff\xd9"
MASK_PX = 256

FrameKey = tuple[str, int]
Progress = Callable[[int, int], None]
WORKERS = min(8, os.cpu_count() or 2)


def build_dataroot(dataroot: Path, *, workers: int = WORKERS, progress: Progress | None = None) -> None:
    """Writes everything below `dataroot`; images that are there and whole are not rendered again.

    `progress` is told how many of how many images are there. Files appear whole or not at all, so a build
    that was interrupted can simply be started again. With `workers` of 1 no further process is started.
    """
    write_tables(dataroot)
    keys = [(scene.name, frame) for scene in scenes() for frame in range(FRAMES_PER_SCENE)]
    missing = [key for key in keys if not _is_whole(dataroot / _filename(key))]
    done = len(keys) - len(missing)
    if progress is not None:
        progress(done, len(keys))
    for _ in _written(dataroot, missing, workers):
        done += 1
        if progress is not None:
            progress(done, len(keys))


def _written(dataroot: Path, keys: list[FrameKey], workers: int) -> Iterable[FrameKey]:
    if workers <= 1 or len(keys) < 2:
        yield from (write_image(dataroot, key) for key in keys)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            with starting_workers():
                written = pool.map(partial(write_image, dataroot), keys, chunksize=FRAMES_PER_SCENE // 2)
            yield from written
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def starting_workers() -> Iterator[None]:
    """Ctrl-C goes to every process of a terminal. Those that are started within leave it to this one, which ends them:
    a process inherits that it ignores a signal, even while it is still importing."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def write_image(dataroot: Path, key: FrameKey) -> FrameKey:
    """Renders one frame (scene name, number) and writes its JPEG."""
    _write(dataroot / _filename(key), jpeg_bytes(scene_named(key[0]), key[1]))
    return key


def jpeg_bytes(scene: DemoScene, frame: int) -> bytes:
    """The frame's image file; the same bytes on every call."""
    buffer = BytesIO()
    render(scene, frame).save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def write_tables(dataroot: Path) -> None:
    """Writes the thirteen tables and the map masks."""
    for name, rows in all_tables().items():
        _write(dataroot / VERSION / f"{name}.json", json.dumps(rows, indent=0).encode())
    for location in sorted({scene.log.location for scene in scenes()}):
        _write(dataroot / map_filename(location), _mask_bytes())


def _mask_bytes() -> bytes:
    """A stand-in for a map mask: two crossing streets, 0.1 m per pixel."""
    mask = Image.new("L", (MASK_PX, MASK_PX), 0)
    pen = ImageDraw.Draw(mask)
    pen.rectangle((0, 98, MASK_PX, 158), fill=255)
    pen.rectangle((98, 0, 158, MASK_PX), fill=255)
    buffer = BytesIO()
    mask.save(buffer, format="PNG")
    return buffer.getvalue()


def _filename(key: FrameKey) -> str:
    return scene_named(key[0]).filename(key[1])


def _is_whole(path: Path) -> bool:
    """Whether a JPEG is there and has its end mark."""
    try:
        with path.open("rb") as file:
            file.seek(-len(JPEG_END), os.SEEK_END)
            return file.read() == JPEG_END
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    with written_whole(path, survives_power_cut=False) as partial:
        partial.write_bytes(content)
