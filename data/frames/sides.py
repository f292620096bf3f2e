"""On which side of the split each scene stands. Pure.

What must not be parted is a unit: a scene, or a drive's scenes, with the scenes of other data sets that show the same.
A unit goes where one of its scenes stands already, else where its publisher has it, else by a seeded draw.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from data.errors import SamplingError
from data.frames.sampling_recipe import SplitBy
from data.frames.shared_views import Link
from data.vocabulary import Split


@dataclass(frozen=True)
class SceneToSplit:
    """A scene with the number of its usable frames. `official`: where its publisher has it, None where that is not
    known; `side`: where an earlier draw has put it; `keeps_drives`: whether its drive is kept whole though the recipe
    asks for publishers' sides, which its data set has not."""

    id: str
    data_set: str
    drive: str
    frames: int
    official: Split | None = None
    side: Split | None = None
    keeps_drives: bool = False


def split_scenes(frames_by_scene: Mapping[str, int], held_out_share: float, seed: int) -> dict[str, Split]:
    """Put whole scenes on the held-out side as long as that brings it nearer to its share of the frames.

    Each side gets at least one scene.

    Raises SamplingError for fewer than two scenes.
    """
    if len(frames_by_scene) < 2:  # noqa: PLR2004
        raise SamplingError(
            f"A split by scene needs at least two scenes with usable frames; there are {len(frames_by_scene)}."
        )
    order = sorted(frames_by_scene)
    random.Random(seed).shuffle(order)
    wanted = held_out_share * sum(frames_by_scene.values())
    sides = dict.fromkeys(order, Split.TRAIN)
    held_out = 0
    for scene in order[:-1]:
        size = frames_by_scene[scene]
        if held_out == 0 or abs(held_out + size - wanted) < abs(held_out - wanted):
            sides[scene] = Split.HELD_OUT
            held_out += size
    return sides


def sides_of(
    scenes: Sequence[SceneToSplit], links: Sequence[Link], split_by: SplitBy, share: float, seed: int
) -> dict[str, Split]:
    """The side of every scene that has none yet.

    A single unit that is free to stand anywhere goes to train where other scenes have been split. Raises SamplingError
    as `split_scenes`, and where links leave a single unit.
    """
    with_both = _with_both_sides(scenes) if split_by is SplitBy.OFFICIAL else set()
    unit_of = _units(scenes, links, split_by)
    members: dict[str, list[SceneToSplit]] = {}
    for scene in scenes:
        members.setdefault(unit_of[scene.id], []).append(scene)
    sides: dict[str, Split] = {}
    free: dict[str, int] = {}
    for unit, inside in members.items():
        there = {scene.side for scene in inside} - {None}
        there = there or {scene.official for scene in inside if scene.data_set in with_both} - {None}
        if there:
            sides[unit] = Split.HELD_OUT if Split.HELD_OUT in there else Split.TRAIN
        else:
            free[unit] = sum(scene.frames for scene in inside)
    if len(free) == 1 and sides:
        sides |= dict.fromkeys(free, Split.TRAIN)
    elif len(free) == 1 and links:
        raise SamplingError(
            f"All {len(scenes)} scenes are linked by what several data sets show alike, so none can be held out: "
            "ingest other drives, or draw from one data set with --data-set before you ingest the next."
        )
    elif free or not sides:
        sides |= split_scenes(free, share, seed)
    return {scene.id: sides[unit_of[scene.id]] for scene in scenes if scene.side is None}


def parted(
    scenes: Sequence[SceneToSplit], links: Sequence[Link], split_by: SplitBy
) -> dict[str, tuple[str, str]]:
    """New scenes that can stand on neither side, since what they belong with stands on both: by id, a scene to train on
    and one held out, those that show the same as the scene itself where there are any."""
    unit_of = _units(scenes, links, split_by)
    split: dict[str, dict[Split, list[str]]] = {}
    for scene in scenes:
        if scene.side is not None:
            split.setdefault(unit_of[scene.id], {}).setdefault(scene.side, []).append(scene.id)
    linked = {*links, *((other, one) for one, other in links)}
    found: dict[str, tuple[str, str]] = {}
    for scene in scenes:
        there = split.get(unit_of[scene.id], {})
        if scene.side is None and len(there) == len(Split):
            train, held_out = (
                min(there[side], key=lambda one: ((scene.id, one) not in linked, one))
                for side in (Split.TRAIN, Split.HELD_OUT)
            )
            found[scene.id] = (train, held_out)
    return found


def _with_both_sides(scenes: Sequence[SceneToSplit]) -> set[str]:
    """The data sets whose publishers hold some scenes out and some not."""
    counts = Counter((scene.data_set, scene.official) for scene in scenes)
    names = {scene.data_set for scene in scenes}
    return {name for name in names if all(counts[name, split] for split in Split) and not counts[name, None]}


def _units(scenes: Sequence[SceneToSplit], links: Iterable[Link], split_by: SplitBy) -> dict[str, str]:
    """The name of each scene's unit: the least of the scenes and drives in it."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    def join(one: str, other: str) -> None:
        first, last = sorted((root(one), root(other)))
        parent[last] = first

    own = {scene.id: _own_unit(scene, split_by) for scene in scenes}
    for one, other in links:
        if one in own and other in own:
            join(own[one], own[other])
    return {scene_id: root(unit) for scene_id, unit in own.items()}


def _own_unit(scene: SceneToSplit, split_by: SplitBy) -> str:
    by_drive = split_by is SplitBy.LOG or (split_by is SplitBy.OFFICIAL and scene.keeps_drives)
    return (scene.drive or scene.id) if by_drive else scene.id
