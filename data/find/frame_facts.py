"""Reading what is fixed of every frame: where and when it was taken, its cues, its side of the split."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import String, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col

from data.find.facets import Facet, Flags, Floats, Ints, day_facet, many_codes, one_code
from data.find.question import About
from data.find.reading import rows
from data.find.scenarios import scenario_facet
from data.store.tables import Dataset, Frame, SampledFrame, Scene
from data.suspicion.traits import fifths, hour_of
from data.vocabulary import Cue, SetAside, Split

YES_NO = ("yes", "no")
TIMES = ("day", "night", "unknown")
BRIGHTNESS = ("darkest_fifth", "second_fifth", "middle_fifth", "fourth_fifth", "brightest_fifth")


@dataclass(frozen=True, eq=False)
class FrameFacts:
    """Frames in the order of their ids, each known by its place there; `scene` is a place in `scene_names`.
    `brightness`: (n,) medians of the pictures, NaN where none was measured."""

    ids: Sequence[str]
    place: Mapping[str, int]
    scene_names: Sequence[str]
    scene: Ints
    locations: Sequence[str]
    position: Ints
    captured_at_us: Ints
    is_generated: Flags
    is_set_aside: Flags
    is_erased: Flags
    brightness: Floats
    facets: tuple[Facet, ...]

    def places(self, frame_ids: Sequence[str]) -> Ints:
        """The places of frames; those that came since are left out."""
        return np.array([self.place[one] for one in frame_ids if one in self.place], dtype=np.int64)


def read_frame_facts(session: Session) -> FrameFacts:
    """Read every frame: 100,000 take a second."""
    connection = session.connection()
    scenes = _scenes(connection)
    number = {scene[0]: place for place, scene in enumerate(scenes)}
    found = sorted(rows(session, _frames()))  # databases sort texts by rules of their own
    ids, scene_ids, positions, times, aside, clips, cues, unknown, splits, boxes, pixels = (
        zip(*found, strict=True) if found else [()] * 11
    )
    scene = np.array([number[one] for one in scene_ids], dtype=np.int64)
    of_scene = [scenes[place] for place in scene]
    luma = [(one or {}).get("median_luma") for one in pixels]
    seen = (
        (cue, box, one.description, pixel) if away is None and clip is None else None
        for cue, box, one, pixel, away, clip in zip(cues, boxes, of_scene, pixels, aside, clips, strict=True)
    )
    return FrameFacts(
        ids=ids,
        place={frame_id: place for place, frame_id in enumerate(ids)},
        scene_names=[one.name for one in scenes],
        scene=scene,
        locations=[one.location for one in scenes],
        position=np.array(positions, dtype=np.int64),
        captured_at_us=np.array(times, dtype=np.int64),
        is_generated=np.array([one is not None for one in clips], dtype=np.bool_),
        is_set_aside=np.array([one is not None for one in aside], dtype=np.bool_),
        is_erased=np.array([one == SetAside.ERASED for one in aside], dtype=np.bool_),
        brightness=np.array([np.nan if one is None else one for one in luma], dtype=np.float64),
        facets=(
            *(_of_scene(about, [one[at] for one in scenes], scene) for about, at in _SCENE_COLUMNS.items()),
            one_code(About.SPLIT, [one.value for one in Split], splits),
            one_code(About.SET_ASIDE, [one.value for one in SetAside], aside),
            one_code(About.GENERATED, YES_NO, ["yes" if one else "no" for one in clips]),
            one_code(About.TIME, TIMES, [_time(*one) for one in zip(cues, unknown, strict=True)]),
            many_codes(About.CUE, [one.value for one in Cue], _pairs(cues)),
            many_codes(About.UNKNOWN_CUE, [one.value for one in Cue], _pairs(one or () for one in unknown)),
            _taken(times, [one.utc_offset_min for one in scenes], scene),
            one_code(
                About.HOUR,
                (),
                [hour_of(one.log_name, at) for one, at in zip(of_scene, times, strict=True)],
            ),
            _brightness(luma),
            scenario_facet(seen),
        ),
    )


def _time(cues: Collection[str], unknown: Collection[str] | None) -> str:
    if Cue.NIGHT in cues:
        return "night"
    return "unknown" if unknown and Cue.NIGHT in unknown else "day"


def _taken(times_us: Sequence[int], offsets_min: Sequence[int | None], scene: Ints) -> Facet:
    """The day on the clock of the place; in UTC where nobody recorded which clock that was."""
    offset_us = np.array([one or 0 for one in offsets_min], dtype=np.int64)[scene] * 60_000_000
    return day_facet(About.TAKEN, np.array(times_us, dtype=np.int64) + offset_us)


def _brightness(luma: Sequence[float | None]) -> Facet:
    """Fifths of all frames, each known by its place from the darkest."""
    return Facet(About.BRIGHTNESS, BRIGHTNESS, fifths(luma)[1].astype(np.int32))


_SCENE_COLUMNS = {About.SCENE: 1, About.LOCATION: 2, About.LOG: 3, About.DATA_SET: 6}


def _scenes(connection: Any) -> list[Any]:
    query = select_columns(
        col(Scene.id),
        col(Scene.name),
        col(Scene.location),
        col(Scene.log_name),
        col(Scene.description),
        col(Scene.utc_offset_min),
        col(Dataset.name),
    ).join(Dataset, col(Dataset.id) == Scene.dataset_id)
    return list(connection.execute(query.order_by(col(Scene.name))).all())


def _frames() -> Any:
    """Enums as the texts that they are: making objects of 100,000 rows takes longer than reading them."""
    return select_columns(
        col(Frame.id),
        col(Frame.scene_id),
        col(Frame.position),
        col(Frame.captured_at_us),
        type_coerce(col(Frame.set_aside), String),
        col(Frame.generated_clip_id),
        col(Frame.cues),
        col(Frame.unknown_cues),
        type_coerce(col(SampledFrame.split), String),
        col(Frame.boxes),
        col(Frame.pixels),
    ).join(SampledFrame, col(SampledFrame.frame_id) == Frame.id, isouter=True)


def _of_scene(about: About, of_scenes: Sequence[str], scene: Ints) -> Facet:
    facet = one_code(about, sorted(set(of_scenes)), of_scenes)
    return Facet(about, facet.values, facet.code[scene])


def _pairs(cues: Iterable[Collection[str]]) -> set[tuple[int, str]]:
    return {(frame, name) for frame, found in enumerate(cues) for name in found}
