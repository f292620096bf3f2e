from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from data.images.timed_clip import TimedPicture, read_timed_clip, timed_clip

FIRST_US = 1_700_000_000_000_000
JUMPED = 60


def a_walker(number: int) -> Image.Image:
    """Somebody in red before a noisy grey, far away from where they were in the picture before."""
    noise = np.random.default_rng(number).integers(-4, 5, (270, 480, 3))
    image = Image.fromarray((np.full((270, 480, 3), 110) + noise).astype(np.uint8))
    image.paste((200, 60, 50), (77 * number % 440, 100, 77 * number % 440 + 30, 170))
    return image


def test_nothing_of_one_picture_is_in_another(tmp_path: Path) -> None:
    walkers = [a_walker(number) for number in range(8)]
    pictures = []
    for number, walker in enumerate(walkers):
        out = io.BytesIO()
        walker.save(out, "JPEG", quality=95)
        pictures.append(TimedPicture(FIRST_US + number * 500_000, out.getvalue()))
    content, written = timed_clip(pictures)
    (tmp_path / "clip.mp4").write_bytes(content)
    shown = list(read_timed_clip(tmp_path / "clip.mp4", written.first_us))
    assert [at_us for at_us, _ in shown] == [one.at_us for one in pictures]
    for walker, (_, picture) in zip(walkers, shown, strict=True):
        off = np.abs(picture.astype(int) - np.asarray(walker).astype(int)).max(axis=2)
        assert (off > JUMPED).mean() < 0.001
