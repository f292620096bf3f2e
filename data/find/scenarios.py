"""Which frames show the catalogue's scenarios: those that a camera took and that can be used."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cache

from data.find.facets import Facet, many_codes
from data.find.question import About
from data.scenarios.catalogue import Catalogue, Shown, Sight, read_catalogue

Seen = tuple[Mapping[str, str], Mapping[str, int], str, Mapping[str, float] | None]
"""A frame's cues, boxes, scene description and what was measured on its picture."""


def scenario_facet(frames: Iterable[Seen | None]) -> Facet:
    """Any number of the project's scenarios per frame; none for a frame that is None."""
    known = _catalogue()
    sights = [sight for scenario in known.scenarios for sight in scenario.found_by]
    words = sorted({sight.words for sight in sights if sight.words})
    limits = [limit for sight in sights for limit in sight.pixels_below.items()]
    by_sort: dict[Hashable, tuple[str, ...]] = {}
    pairs: set[tuple[int, str]] = set()

    @cache
    def said(description: str) -> tuple[bool, ...]:
        shown = Shown(description=description)
        return tuple(Sight(words=one).is_met(shown) for one in words)

    # A hundred thousand frames are of a few hundred sorts that the catalogue can tell apart.
    for place, frame in enumerate(frames):
        if frame is None:
            continue
        cues, boxes, description, pixels = frame
        below = tuple(name in pixels and pixels[name] < limit for name, limit in limits) if pixels else ()
        sort = (frozenset(cues), frozenset(boxes), said(description), below)
        if sort not in by_sort:
            shown = Shown(sort[0], boxes, description, pixels)
            by_sort[sort] = tuple(one.key for one in known.scenarios if one.is_shown(shown))
        pairs.update((place, key) for key in by_sort[sort])
    return many_codes(About.SCENARIO, [one.key for one in known.scenarios], pairs)


@cache
def _catalogue() -> Catalogue:
    return read_catalogue()
