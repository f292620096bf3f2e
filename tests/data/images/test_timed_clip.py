from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.images.timed_clip import TimedPicture, encoded, mp4, read_timed_clip

FIRST_US = 1_700_000_000_000_000
JUMPED = 60


def a_walker(number: int) -> Image.Image:
    """Somebody in red before a noisy grey, far away from where they were in the picture before."""
    noise = np.random.default_rng(number).integers(-4, 5, (270, 480, 3))
    image = Image.fromarray((np.full((270, 480, 3), 110) + noise).astype(np.uint8))
    image.paste((200, 60, 50), (77 * number % 440, 100, 77 * number % 440 + 30, 170))
    return image


def a_jpeg(number: int) -> bytes:
    out = io.BytesIO()
    a_walker(number).save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are looked at as Linux lists them")
def test_the_encoder_does_not_run_before_everything_else_on_the_machine() -> None:
    """SVT-AV1 makes its threads real-time ones where root runs it."""
    policies: set[int] = set()

    def taken() -> Iterator[TimedPicture]:
        for number in range(3):
            yield TimedPicture(FIRST_US + number * 500_000, a_jpeg(number))
            threads = [int(thread.name) for thread in Path("/proc/self/task").iterdir()]
            policies.update(os.sched_getscheduler(one) for one in threads)

    encoded(taken())
    assert policies == {os.sched_getscheduler(0)}


def test_nothing_of_one_picture_is_in_another(tmp_path: Path) -> None:
    walkers = [a_walker(number) for number in range(8)]
    pictures = [TimedPicture(FIRST_US + number * 500_000, a_jpeg(number)) for number in range(8)]
    clip = encoded(pictures[3:], encoded(pictures[:3]))  # in two goes, as around an alert
    (tmp_path / "clip.mp4").write_bytes(mp4(clip))
    shown = list(read_timed_clip(tmp_path / "clip.mp4", clip.first_us))
    assert [at_us for at_us, _ in shown] == [one.at_us for one in pictures]
    for walker, (_, picture) in zip(walkers, shown, strict=True):
        off = np.abs(picture.astype(int) - np.asarray(walker).astype(int)).max(axis=2)
        assert (off > JUMPED).mean() < 0.001


def test_what_was_encoded_before_is_not_looked_at_again() -> None:
    """Their frames are the same bytes; what could not be decoded is counted once."""
    taken = [TimedPicture(FIRST_US + number * 500_000, a_jpeg(number)) for number in range(4)]
    broken = TimedPicture(FIRST_US + 250_000, b"no picture")
    before = encoded([taken[0], broken, taken[1]])
    whole = encoded(taken[2:], before)
    assert whole.frames[:2] == before.frames
    assert [at_us for at_us, _ in whole.frames] == [one.at_us for one in taken]
    assert (whole.size, whole.unreadable) == (before.size, 1)
    assert encoded([], before) == before
