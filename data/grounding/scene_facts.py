"""What is there in one frame, as words are held against it. Pure.

nuScenes annotates what its lidar reached, up to some 80 m, and gives visibility over all six cameras together: a
thing below 40 % proves nothing by being there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

HIDDEN_BELOW = 2
"""nuScenes' visibility level 1 is 0 to 40 % in sight; 0 stands for not known."""


@dataclass(frozen=True)
class Thing:
    """An annotated object that the front camera sees. `ahead_m`, `left_m`: its centre from the vehicle's rear axle;
    `aside_m`: its distance from the driven path, `along_m` along that. `visibility`: 1 to 4, 0 where not known;
    `attribute`: nuScenes' own, empty without one; `moves`: by its boxes in the frames around, for things whose
    attribute does not tell."""

    category: str
    ahead_m: float
    left_m: float
    aside_m: float
    along_m: float
    visibility: int = 0
    attribute: str = ""
    moves: bool | None = None

    @property
    def distance_m(self) -> float:
        """From the rear axle, on the ground."""
        return float((self.ahead_m**2 + self.left_m**2) ** 0.5)

    @property
    def is_hidden(self) -> bool:
        return 0 < self.visibility < HIDDEN_BELOW

    @property
    def is_moving(self) -> bool | None:
        """By its attribute, else by its boxes; None where neither tells."""
        if self.attribute.endswith(".moving"):
            return True
        if self.attribute.endswith((".stopped", ".parked", ".standing", ".sitting_lying_down")):
            return False
        return self.moves

    def as_list(self) -> list[Any]:
        """For the store: half the size of names and values."""
        numbers = (self.ahead_m, self.left_m, self.aside_m, self.along_m)
        return [
            self.category,
            *(round(one, 1) for one in numbers),
            self.visibility,
            self.attribute,
            self.moves,
        ]


@dataclass(frozen=True)
class SceneFacts:
    """All that words about a frame are held against; None wherever something is not known.

    `things`: None for frames of a data set without boxes, which proves nothing absent. `speed_mps`: of the ego vehicle.
    `junction_m`: metres to the next junction on the driven path by the map, infinite where it comes to none.
    `cues`, `luma`, `edges` (0..255) and `description`: as ingest found them.
    """

    things: tuple[Thing, ...] | None = None
    speed_mps: float | None = None
    junction_m: float | None = None
    cues: frozenset[str] = frozenset()
    description: str = ""
    luma: float | None = None
    edges: float | None = None


def things_of(rows: list[list[Any]] | None) -> tuple[Thing, ...] | None:
    """Things back from `Thing.as_list`."""
    return None if rows is None else tuple(Thing(*row) for row in rows)
