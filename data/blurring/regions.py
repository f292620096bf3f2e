"""What of a picture is blurred: of people's boxes where heads are, of vehicles' boxes where plates and faces can be.

In doubt more is blurred: a box whose category is not known to be harmless is blurred whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.nuscenes.box_geometry import DrawnBox

HARMLESS = ("animal", "movable_object", "static_object", "flat", "static")
PEOPLE = ("human", "pedestrian", "person")
CARS = (
    *("vehicle.car", "vehicle.truck", "vehicle.bus", "vehicle.trailer", "vehicle.construction"),
    *("vehicle.emergency", "car", "truck", "bus", "emergency_vehicle", "other_vehicle"),
)
"""Closed vehicles: far away, nobody behind their windows can be told."""
UPPER_OF_PERSON = 0.5
LOWER_OF_CAR = 0.65
NEAR_M = 15.0
"""Nearer than this a driver may be told through the windscreen, and the whole vehicle is blurred."""
MARGIN, LEAST_MARGIN_PX = 0.1, 6
"""Boxes are drawn on lidar sweeps, up to 50 ms from the picture, and projected corners are a little off."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of whole pixels inside a picture; `right` and `bottom` are the first that it has no longer."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        return self.right - self.left, self.bottom - self.top


def regions_of_boxes(boxes: Sequence[DrawnBox], size_px: tuple[int, int]) -> list[Region]:
    """The regions of annotated boxes in a picture of this width and height, without those that lie outside it."""
    found = (_of_box(box, size_px) for box in boxes if not box.category.startswith(HARMLESS))
    return [one for one in found if one is not None]


def _of_box(box: DrawnBox, size_px: tuple[int, int]) -> Region | None:
    across = [x * size_px[0] for x, _ in box.corners]
    down = [y * size_px[1] for _, y in box.corners]
    top, bottom = part_of_box(
        box.category, (min(across), max(across)), (min(down), max(down)), box.distance_m
    )
    return with_margin((min(across), top, max(across), bottom), size_px)


def part_of_box(
    category: str, across: tuple[float, float], down: tuple[float, float], distance_m: float
) -> tuple[float, float]:
    """From where to where a box is blurred from top to bottom, given its extent in pixels.

    Somebody who stands has the head in the upper half; a box that is wider than tall is of somebody who lies or sits,
    and is blurred whole, as are riders of bicycles and motorcycles, vehicles that are near, and what is unknown.

    >>> part_of_box("human.pedestrian.adult", (0, 40), (100, 200), 20.0)
    (100, 150.0)
    >>> part_of_box("human.pedestrian.adult", (0, 120), (100, 200), 20.0)
    (100, 200)
    >>> part_of_box("vehicle.car", (0, 80), (100, 200), 30.0), part_of_box("vehicle.car", (0, 80), (100, 200), 9.0)
    ((135.0, 200), (100, 200))
    >>> part_of_box("vehicle.motorcycle", (0, 40), (100, 200), 30.0)
    (100, 200)
    """
    top, bottom = down
    height = bottom - top
    if category.startswith(PEOPLE) and across[1] - across[0] <= height:
        return top, top + UPPER_OF_PERSON * height
    if category.startswith(CARS) and distance_m >= NEAR_M:
        return bottom - LOWER_OF_CAR * height, bottom
    return down


def with_margin(
    box: tuple[float, float, float, float], size_px: tuple[int, int], margin: float = MARGIN
) -> Region | None:
    """A rectangle (left, top, right, bottom) in pixels with a margin around it, cut to the picture; None outside it.

    >>> with_margin((100, 100, 200, 150), (1600, 900))
    Region(left=90, top=94, right=210, bottom=156)
    >>> with_margin((-50, 880, 20, 990), (1600, 900)), with_margin((1700, 0, 1800, 50), (1600, 900))
    (Region(left=0, top=869, right=27, bottom=900), None)
    """
    left, top, right, bottom = box
    beside = max(LEAST_MARGIN_PX, margin * (right - left))
    above = max(LEAST_MARGIN_PX, margin * (bottom - top))
    found = Region(
        max(0, int(left - beside)),
        max(0, int(top - above)),
        min(size_px[0], int(-(-(right + beside) // 1))),
        min(size_px[1], int(-(-(bottom + above) // 1))),
    )
    return found if found.left < found.right and found.top < found.bottom else None
