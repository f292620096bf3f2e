"""Which edge-case cues a frame shows, each with the evidence in words. Pure: one function per cue.

Boxes decide what stands near the way the vehicle will drive, pixels decide night, rain, fog and glare. A scene's
text describes some 40 frames at once, so it is a prior only: where it names rain, fog or glare, less has to be seen,
and where it names construction one object is enough. Intersections, which neither boxes nor pixels show, are
taken from the map expansion where the dataset has it (`data.nuscenes.map_expansion`), and else from the text alone, for
all frames of the scene; the evidence says which.

Thresholds were set on 11 real and 120 drawn frames. Rain by pixels is what drops on the lens do to a picture: few
edges, but shadows that stay dark; fog lifts the shadows too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.frames.driven_path import coming_path, distances_from_path
from data.images.inspection import ImageFacts
from data.vocabulary import Cue, SeenBox

Path2D = npt.NDArray[np.float64]

_PEDESTRIANS = ("human.pedestrian.",)
_ZONE = ("movable_object.trafficcone", "movable_object.barrier", "human.pedestrian.construction_worker")
_MACHINES = ("vehicle.construction",)
_WORDS = {
    Cue.CONSTRUCTION: re.compile(r"\b(?:road works|construction(?! (?:vehicle|sign|worker|truck)))\b", re.I),
    Cue.INTERSECTION: re.compile(r"\bintersections?\b|\bjunction\b", re.I),
    Cue.RAIN: re.compile(r"(?<!after )\brain(?:y|ing)?\b", re.I),
    Cue.FOG: re.compile(r"\bfog(?:gy)?\b|\bmist\b", re.I),
    Cue.GLARE: re.compile(r"\bglare\b|\blow sun\b", re.I),
}


@dataclass(frozen=True)
class CueThresholds:
    """From when something counts as a cue: metres along and aside of the driven path, and pixel statistics
    (0..255, see `ImageFacts`). `…_told` holds where the scene's text speaks of it."""

    ahead_m: float = 40.0
    pedestrian_lateral_m: float = 6.0
    construction_lateral_m: float = 10.0
    construction_objects: int = 2
    construction_objects_told: int = 1
    night_luma: float = 55.0
    rain_edge_energy: float = 2.8
    rain_edge_energy_told: float = 6.0
    fog_edge_energy: float = 4.0
    fog_edge_energy_told: float = 6.0
    fog_black_level: float = 70.0
    fog_black_level_told: float = 55.0
    sun_share: float = 0.002
    sun_share_told: float = 0.0005


@dataclass(frozen=True)
class MapAhead:
    """What a map says of the driven path: metres to the first intersection on it, None where it comes to none."""

    intersection_m: float | None


@dataclass(frozen=True)
class Seen:
    """All that is known of a frame when its cues are looked for. `path`: see `data.frames.driven_path`;
    `map_ahead`: None without a map of the place."""

    boxes: Sequence[SeenBox]
    image: ImageFacts | None
    description: str
    path: Path2D
    limits: CueThresholds
    map_ahead: MapAhead | None = None

    def told(self, cue: Cue) -> str:
        """The scene's words for a cue, or nothing."""
        found = _WORDS[cue].search(self.description)
        return found[0] if found else ""

    def near(self, kinds: tuple[str, ...], aside_m: float) -> list[tuple[SeenBox, float, float]]:
        """Boxes of these kinds near the driven path, nearest first: (box, metres aside, metres along)."""
        ahead = [
            box
            for box in self.boxes
            if box.category.startswith(kinds)
            and box.ahead_m > 0
            and np.hypot(box.ahead_m, box.left_m) <= self.limits.ahead_m
        ]
        if not ahead:
            return []
        places = np.array([[box.ahead_m, box.left_m] for box in ahead])
        aside, along = distances_from_path(places, self.path)
        near = [one for one in zip(ahead, aside.tolist(), along.tolist(), strict=True) if one[1] <= aside_m]
        return sorted(near, key=lambda one: one[2])


def frame_cues(
    boxes: Sequence[SeenBox],
    image: ImageFacts | None,
    description: str,
    thresholds: CueThresholds | None = None,
    path: Path2D | None = None,
    map_ahead: MapAhead | None = None,
) -> dict[Cue, str]:
    """Cues of one frame with their evidence. `image` is None where it could not be measured; `path` is the
    coming way in the vehicle's axes, straight ahead where it is not known."""
    limits = thresholds or CueThresholds()
    way = coming_path([(0.0, 0.0)], 0.0, reach_m=limits.ahead_m) if path is None else path
    seen = Seen(boxes, image, description, way, limits, map_ahead)
    cues = {cue: look(seen) for cue, look in _LOOKS.items()}
    return {cue: evidence for cue, evidence in cues.items() if evidence}


def unknown_cues(
    boxes: Sequence[SeenBox] | None, image: ImageFacts | None, description: str, map_ahead: MapAhead | None
) -> list[Cue]:
    """Cues that nobody can look for in a frame, since what they rest on is not there: boxes (None), a picture that can
    be measured, a map of the driven path or else a description of the scene.

    >>> unknown_cues(None, None, "Rain, busy street", MapAhead(None))
    [<Cue.PEDESTRIAN_NEAR: 'pedestrian_near'>, <Cue.CONSTRUCTION: 'construction'>, <Cue.RAIN: 'rain'>, \
<Cue.FOG: 'fog'>, <Cue.NIGHT: 'night'>, <Cue.GLARE: 'glare'>]
    """
    missing = {cue for cue in _OF_BOXES if boxes is None} | {cue for cue in _OF_PIXELS if image is None}
    if map_ahead is None and not description.strip():
        missing.add(Cue.INTERSECTION)
    return [cue for cue in Cue if cue in missing]


def cue_columns(
    frames: Iterable[tuple[Collection[str], Collection[str] | None]],
) -> npt.NDArray[np.float64]:
    """(frames, cues) of the cues that each frame shows and those that could not be looked for in it: 1 where it shows
    one, 0 where it does not, NaN where nobody knows.

    >>> cue_columns([(["night"], ["pedestrian_near"])])[0, [0, 5, 6]].tolist()
    [nan, 1.0, 0.0]
    """
    rows = [
        [1.0 if cue in shown else np.nan if unknown and cue in unknown else 0.0 for cue in Cue]
        for shown, unknown in frames
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, len(Cue))


def unknown_at_the_mean(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The columns with what nobody knows at the mean of the frames in which it is known, where it speaks for nothing.

    >>> unknown_at_the_mean(np.array([[1.0], [0.0], [np.nan]])).ravel().tolist()
    [1.0, 0.0, 0.5]
    """
    known = ~np.isnan(columns)
    mean = np.where(known, columns, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, columns, mean)


def pedestrian_near(seen: Seen) -> str:
    """People near the way that the vehicle is going to drive."""
    near = seen.near(_PEDESTRIANS, seen.limits.pedestrian_lateral_m)
    if not near:
        return ""
    _, aside_m, along_m = near[0]
    return f"{len(near)} near the driven path, nearest {along_m:.0f} m along it, {aside_m:.1f} m aside"


def construction(seen: Seen) -> str:
    """Cones, barriers or workers ahead; machines add to them, but a machine alone is no zone."""
    told = seen.told(Cue.CONSTRUCTION)
    limits = seen.limits
    zone = seen.near(_ZONE, limits.construction_lateral_m)
    found = zone + seen.near(_MACHINES, limits.construction_lateral_m)
    needed = limits.construction_objects_told if told else limits.construction_objects
    if not zone or len(found) < needed:
        return ""
    kinds = sorted({box.category.rpartition(".")[2] for box, _, _ in found})
    return f"{len(found)} within {limits.ahead_m:.0f} m: {', '.join(kinds)}"


def intersection(seen: Seen) -> str:
    """One on the driven path by the map; without a map, from the scene's text alone, for all its frames."""
    if seen.map_ahead is not None:
        ahead_m = seen.map_ahead.intersection_m
        return "" if ahead_m is None else f"on the driven path, {ahead_m:.0f} m ahead by the map"
    told = seen.told(Cue.INTERSECTION)
    return f"the scene's description says “{told}”" if told else ""


def night(seen: Seen) -> str:
    """A dark picture."""
    if seen.image is None or not _is_dark(seen):
        return ""
    return f"median brightness {seen.image.median_luma:.0f} of 255"


def rain(seen: Seen) -> str:
    """A picture that drops have blurred; by night only where the text speaks of rain."""
    told, image, limits = seen.told(Cue.RAIN), seen.image, seen.limits
    if image is None or fog(seen) or image.sun_share > 0 or (_is_dark(seen) and not told):
        return ""
    limit = limits.rain_edge_energy_told if told else limits.rain_edge_energy
    if image.edge_energy >= limit:
        return ""
    return f"few edges ({image.edge_energy:.1f} of 255 per pixel) and dark shadows{_says(told)}"


def fog(seen: Seen) -> str:
    """A picture by day with few edges and no dark shadows."""
    told, image, limits = seen.told(Cue.FOG), seen.image, seen.limits
    if image is None or _is_dark(seen):
        return ""
    edges = limits.fog_edge_energy_told if told else limits.fog_edge_energy
    black = limits.fog_black_level_told if told else limits.fog_black_level
    if image.edge_energy >= edges or image.black_level < black or image.sun_share > 0:
        return ""
    return f"few edges ({image.edge_energy:.1f}) and shadows at {image.black_level:.0f} of 255{_says(told)}"


def glare(seen: Seen) -> str:
    """The sun in the picture, with light scattered around it."""
    told, image, limits = seen.told(Cue.GLARE), seen.image, seen.limits
    least = limits.sun_share_told if told else limits.sun_share
    if image is None or _is_dark(seen) or image.sun_share < least:
        return ""
    return f"a disc of sun covers {image.sun_share:.1%} of the picture{_says(told)}"


def _is_dark(seen: Seen) -> bool:
    return seen.image is not None and seen.image.median_luma < seen.limits.night_luma


def _says(told: str) -> str:
    return f"; the scene's description says “{told}”" if told else ""


_OF_BOXES = (Cue.PEDESTRIAN_NEAR, Cue.CONSTRUCTION)
_OF_PIXELS = (Cue.RAIN, Cue.FOG, Cue.NIGHT, Cue.GLARE)
_LOOKS: dict[Cue, Callable[[Seen], str]] = {
    Cue.PEDESTRIAN_NEAR: pedestrian_near,
    Cue.CONSTRUCTION: construction,
    Cue.INTERSECTION: intersection,
    Cue.RAIN: rain,
    Cue.FOG: fog,
    Cue.NIGHT: night,
    Cue.GLARE: glare,
}
