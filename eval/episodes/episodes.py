"""Episodes in held-out scenes, and what a run's calls make of them. Pure.

An episode is what an operator would call one situation: agreeing verified frames in a row, here of TELEOPERATION. A
frame that is not verified ends it: nobody knows what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from data.vocabulary import TriageLevel

T = TriageLevel.TELEOPERATION


@dataclass(frozen=True)
class Moment:
    """A held-out frame: its place in its scene, when it was taken, what people verified (None: nothing yet) and what
    the run said (None: no assessment)."""

    scene_id: str
    position: int
    captured_s: float
    verified: TriageLevel | None
    said: TriageLevel | None

    @property
    def is_called(self) -> bool:
        return self.said is T


@dataclass(frozen=True)
class Episode:
    """One situation and the first call of it. `frames` in a row from `start_s` to `end_s`.

    called_after_s: seconds from its first frame to the first call of it; negative where calls without a break lead up
    to it, None where no frame of it was called. is_cut: the scene begins with it, so that nothing earlier can be seen.
    """

    scene_id: str
    start_s: float
    end_s: float
    frames: int
    called_after_s: float | None
    is_cut: bool


@dataclass(frozen=True)
class SceneEvents:
    """What happened in one scene. false_alarms: calls in a row of which no frame is verified TELEOPERATION and at least
    one is verified; changes: how often the run's level changed from frame to frame; seconds: the time watched."""

    scene_id: str
    episodes: tuple[Episode, ...]
    false_alarms: int
    changes: int
    seconds: float


def find_episodes(moments: Sequence[Moment]) -> list[SceneEvents]:
    """One entry per scene, in the order of their names; a scene of one frame shows no time and is left out."""
    ordered = sorted(moments, key=lambda one: (one.scene_id, one.position))
    scenes = [list(frames) for _, frames in groupby(ordered, key=lambda one: one.scene_id)]
    return [_of_scene(frames) for frames in scenes if len(frames) > 1]


def _of_scene(frames: list[Moment]) -> SceneEvents:
    parts = list(_without_gaps(frames))
    return SceneEvents(
        scene_id=frames[0].scene_id,
        episodes=tuple(episode for part in parts for episode in _episodes(part)),
        false_alarms=sum(_is_false(run) for part in parts for run in _runs(part, lambda one: one.is_called)),
        changes=sum(one.said is not next_.said for part in parts for one, next_ in pairwise(part)),
        seconds=sum(part[-1].captured_s - part[0].captured_s + _step_s(part) for part in parts),
    )


def _without_gaps(frames: list[Moment]) -> Iterator[list[Moment]]:
    """Stretches of a scene in which no frame is missing."""
    part = [frames[0]]
    for before, one in pairwise(frames):
        if one.position != before.position + 1:
            yield part
            part = []
        part.append(one)
    yield part


def _step_s(part: list[Moment]) -> float:
    """How long a frame stands for: the mean distance between them, nothing for one alone."""
    return (part[-1].captured_s - part[0].captured_s) / (len(part) - 1) if len(part) > 1 else 0.0


def _runs(part: list[Moment], wanted: Callable[[Moment], bool]) -> Iterator[list[Moment]]:
    for is_wanted, frames in groupby(part, key=wanted):
        if is_wanted:
            yield list(frames)


def _is_false(called: list[Moment]) -> bool:
    levels = {one.verified for one in called}
    return T not in levels and levels != {None}


def _episodes(part: list[Moment]) -> Iterator[Episode]:
    for frames in _runs(part, lambda one: one.verified is T):
        first = part.index(frames[0])
        yield Episode(
            scene_id=frames[0].scene_id,
            start_s=frames[0].captured_s,
            end_s=frames[-1].captured_s,
            frames=len(frames),
            called_after_s=_called_after(part, first, frames),
            is_cut=first == 0,
        )


def _called_after(part: list[Moment], first: int, frames: list[Moment]) -> float | None:
    call = next((one for one in frames if one.is_called), None)
    if call is None:
        return None
    if call is frames[0]:
        while first > 0 and part[first - 1].is_called:
            first -= 1
        call = part[first]
    return call.captured_s - frames[0].captured_s
