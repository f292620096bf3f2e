"""What nuScenes says of its own versions: their terms, and which scenes it holds out, its 150 validation scenes among
the 850 of v1.0-trainval and v1.0-mini."""

from __future__ import annotations

import re
from collections.abc import Mapping

from data.vocabulary import Split

LICENCE = "nuScenes terms of use (CC BY-NC-SA 4.0 with amendments)"
OFFICIAL_VERSIONS = ("v1.0-trainval", "v1.0-mini")
_VALIDATION = (
    *((3, 3), (12, 18), (35, 36), (38, 39), (92, 110), (221, 221), (268, 278), (329, 332), (344, 346)),
    *((519, 524), (552, 565), (625, 627), (629, 630), (632, 638), (770, 771), (775, 775), (777, 778)),
    *((780, 784), (794, 800), (802, 802), (904, 917), (919, 931), (962, 963), (966, 969), (971, 972)),
    *((1059, 1073),),
)
"""Numbers of the validation scenes, first and last of each run. nuScenes has no scenes in their gaps' numbers."""
_NAME = re.compile(r"scene-(\d{4})\Z")


def is_validation_scene(name: str) -> bool:
    """Whether nuScenes holds out the scene of this name.

    >>> is_validation_scene("scene-0103"), is_validation_scene("scene-0061")
    (True, False)
    """
    found = _NAME.match(name)
    return found is not None and any(first <= int(found[1]) <= last for first, last in _VALIDATION)


def official_split(names: Mapping[str, str]) -> dict[str, Split] | None:
    """Scene ids to their side, from scene ids to names; None where a name is not nuScenes' or a side is empty."""
    if not all(_NAME.match(name) for name in names.values()):
        return None
    sides = {
        scene: Split.HELD_OUT if is_validation_scene(name) else Split.TRAIN for scene, name in names.items()
    }
    return sides if set(sides.values()) == set(Split) else None
