"""The stretch of a scene around one frame: sweeps where their files are there, else keyframes alone."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from data.errors import ScenarioError
from data.nuscenes.scenes import CameraFrame
from data.pictures.shown import file_beside


@dataclass(frozen=True)
class Footage:
    """Consecutive camera frames and their files. `is_keyframes_only`: at 2 Hz, because sweeps are missing."""

    frames: list[CameraFrame]
    images: list[Path]
    frames_per_second: int
    is_keyframes_only: bool


def cut_footage(
    dataroot: Path,
    camera: Sequence[CameraFrame],
    frame_id: str,
    most: int,
    *,
    shown: Mapping[str, Path] | None = None,
) -> Footage:
    """Up to `most` frames around one keyframe of a scene, which stands as near to the middle as the scene allows.

    camera: the scene's camera frames by time. Without a single missing file in the stretch, sweeps are taken;
    otherwise the keyframes. shown: the pictures of a scene with blurred ones, by frame id: then of those alone.
    Raises ScenarioError: the frame is not in the scene, or stands alone in it.
    """
    if shown is not None:
        frames = _two_or_more(window([one for one in camera if one.token in shown], frame_id, most), frame_id)
        return Footage(frames, [shown[one.token] for one in frames], _rate(frames), is_keyframes_only=True)
    sweeps = window(camera, frame_id, most)
    missing = [one for one in sweeps if not file_beside(dataroot, one.filename).is_file()]
    has_sweeps = any(not one.is_keyframe for one in sweeps)
    whole = has_sweeps and not missing
    frames = sweeps if whole else window([one for one in camera if one.is_keyframe], frame_id, most)
    _two_or_more(frames, frame_id)
    return Footage(frames, [file_beside(dataroot, one.filename) for one in frames], _rate(frames), not whole)


def _two_or_more(frames: list[CameraFrame], frame_id: str) -> list[CameraFrame]:
    if len(frames) < 2:  # noqa: PLR2004 - one picture does not move
        raise ScenarioError(f"Frame {frame_id} stands alone in its scene; a clip needs two frames.")
    return frames


def window(frames: Sequence[CameraFrame], frame_id: str, most: int) -> list[CameraFrame]:
    """Up to `most` consecutive frames with this one near their middle. Raises ScenarioError if it is not there."""
    place = next((number for number, one in enumerate(frames) if one.token == frame_id), None)
    if place is None:
        raise ScenarioError(
            f"Frame {frame_id} is in the store but not in the dataroot's tables. Ingest again before planning."
        )
    first = max(0, min(place - most // 2, len(frames) - most))
    return list(frames[first : first + most])


def _rate(frames: Sequence[CameraFrame]) -> int:
    """Frames per second, from the median gap, at least 1."""
    gaps_us = [
        after.captured_at_us - before.captured_at_us
        for before, after in pairwise(frames)
        if after.captured_at_us > before.captured_at_us
    ]
    return max(1, round(1e6 / statistics.median(gaps_us))) if gaps_us else 1
