"""The feeds of `demo --live`: named after what judges them, and drawn once."""

from __future__ import annotations

from pathlib import Path

from annotator.demo.drawn_drives import drawn_vehicles
from data.demo.miniature.drives import FRAMES, drives


def test_the_drives_are_replayed_from_what_is_drawn_under_the_miniature_s_name(tmp_path: Path) -> None:
    folder = tmp_path / "miniature-drives"
    folder.mkdir()
    for drive in drives():
        for frame in range(FRAMES):
            (folder / f"{drive.name}-{frame:02}.jpg").write_bytes(b"drawn before")
    told: list[tuple[int, int]] = []
    found = drawn_vehicles(tmp_path, lambda done, of: told.append((done, of)))
    assert [feed.name for feed in found.sheet.feeds] == [f"miniature-{number}" for number in (1, 2, 3, 4)]
    assert told[-1] == (4 * FRAMES, 4 * FRAMES)
    first = found.sources[0].frames
    assert [frame.captured_at_us for frame in first[:3]] == [0, 500_000, 1_000_000]
    assert {frame.frame_id for frame in first} == {None}  # the store has no such frame
    assert first[0].image.read_bytes() == b"drawn before"
