"""What is in the messages that are of use: compressed pictures, and where the vehicle was.

Forms: sensor_msgs, nav_msgs and geometry_msgs of ROS (github.com/ros2/common_interfaces), CompressedImage and
LocationFix of Foxglove (github.com/foxglove/foxglove-sdk, folder schemas).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from data.sources.track import yaw_rad
from data.sources.wire.cdr import Values, cdr, ros1
from data.sources.wire.errors import WireError
from data.sources.wire.protobuf import double, fields, inner, signed

Found = TypeVar("Found")
_NO_FIX = -1
_FURTHEST_DEG = 90, 180


@dataclass(frozen=True, slots=True)
class Picture:
    """A compressed picture; `stamped_us`: when the camera took it, by the message, 0 where it does not say."""

    stamped_us: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where the vehicle was: metres and a heading in a frame of the recording, or degrees on earth."""

    stamped_us: int
    x: float
    y: float
    yaw_rad: float | None
    """None: x and y are latitude and longitude."""


def picture_in(kind: str, encoding: str, content: bytes) -> Picture:
    """Raises WireError, and KeyError for a message that is none of `PICTURES`."""
    return _PICTURES[kind, encoding](memoryview(content))


def place_in(kind: str, encoding: str, content: bytes) -> Place | None:
    """None: the receiver had no fix. Raises WireError, and KeyError for a message that is none of `PLACES`."""
    place = _PLACES[kind, encoding](memoryview(content))
    if place is None or not (math.isfinite(place.x) and math.isfinite(place.y)):
        return None
    return place if place.yaw_rad is not None else _on_earth(place)


def _on_earth(place: Place) -> Place | None:
    return place if abs(place.x) <= _FURTHEST_DEG[0] and abs(place.y) <= _FURTHEST_DEG[1] else None


def _ros2_stamp(values: Values) -> int:
    return values.whole("i") * 1_000_000 + values.whole("I") // 1_000


def _ros2_header(values: Values) -> int:
    stamped_us = _ros2_stamp(values)
    values.text()
    return stamped_us


def _ros1_header(values: Values) -> int:
    values.whole("I")
    stamped_us = values.whole("I") * 1_000_000 + values.whole("I") // 1_000
    values.text()
    return stamped_us


def _ros_picture(values: Values, stamped_us: int) -> Picture:
    values.text()
    return Picture(stamped_us, bytes(values.octets()))


def _ros_fix(values: Values, stamped_us: int) -> Place | None:
    status = values.whole("b")
    values.whole("H")
    latitude, longitude = values.number("d"), values.number("d")
    return None if status == _NO_FIX else Place(stamped_us, latitude, longitude, None)


def _ros_pose(values: Values, stamped_us: int) -> Place:
    x, y, _, qx, qy, qz, qw = (values.number("d") for _ in range(7))
    return Place(stamped_us, x, y, yaw_rad(qw, qx, qy, qz))


def _ros_odometry(values: Values, stamped_us: int) -> Place:
    values.text()
    return _ros_pose(values, stamped_us)


def _foxglove_cdr_picture(message: memoryview) -> Picture:
    values = cdr(message)
    return Picture(_ros2_header(values), bytes(values.octets()))


def _foxglove_cdr_fix(message: memoryview) -> Place:
    values = cdr(message)
    return Place(_ros2_header(values), values.number("d"), values.number("d"), None)


def _protobuf_stamp(message: memoryview) -> int:
    parts = {number: signed(value) for number, value in fields(message) if isinstance(value, int)}
    return parts.get(1, 0) * 1_000_000 + parts.get(2, 0) // 1_000


def _protobuf_picture(message: memoryview) -> Picture:
    parts = dict(fields(message))
    return Picture(_protobuf_stamp(inner(parts.get(1, message[:0]))), bytes(inner(parts.get(2, message[:0]))))


def _protobuf_fix(message: memoryview) -> Place:
    parts = dict(fields(message))
    latitude, longitude = (double(parts[number]) if number in parts else 0.0 for number in (1, 2))
    return Place(_protobuf_stamp(inner(parts.get(6, message[:0]))), latitude, longitude, None)


def _json(message: memoryview) -> tuple[dict[str, Any], int]:
    try:
        found = json.loads(bytes(message))
        stamp = found.get("timestamp") or {}
        return found, int(stamp.get("sec", 0)) * 1_000_000 + int(stamp.get("nsec", 0)) // 1_000
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise WireError(f"it is not JSON as foxglove writes it: {error}") from error


def _json_picture(message: memoryview) -> Picture:
    found, stamped_us = _json(message)
    try:
        return Picture(stamped_us, base64.b64decode(found["data"], validate=True))
    except (ValueError, KeyError, TypeError) as error:
        raise WireError(f"its data are not Base64: {error}") from error


def _json_fix(message: memoryview) -> Place:
    found, stamped_us = _json(message)
    try:
        return Place(stamped_us, float(found["latitude"]), float(found["longitude"]), None)
    except (ValueError, KeyError, TypeError) as error:
        raise WireError(f"it has no latitude and longitude: {error}") from error


def _in_ros2(read: Callable[[Values, int], Found]) -> Callable[[memoryview], Found]:
    def reading(message: memoryview) -> Found:
        values = cdr(message)
        return read(values, _ros2_header(values))

    return reading


def _in_ros1(read: Callable[[Values, int], Found]) -> Callable[[memoryview], Found]:
    def reading(message: memoryview) -> Found:
        values = ros1(message)
        return read(values, _ros1_header(values))

    return reading


_PICTURES: dict[tuple[str, str], Callable[[memoryview], Picture]] = {
    ("sensor_msgs/msg/CompressedImage", "cdr"): _in_ros2(_ros_picture),
    ("sensor_msgs/CompressedImage", "ros1"): _in_ros1(_ros_picture),
    ("foxglove_msgs/msg/CompressedImage", "cdr"): _foxglove_cdr_picture,
    ("foxglove.CompressedImage", "protobuf"): _protobuf_picture,
    ("foxglove.CompressedImage", "json"): _json_picture,
}
_PLACES: dict[tuple[str, str], Callable[[memoryview], Place | None]] = {
    ("nav_msgs/msg/Odometry", "cdr"): _in_ros2(_ros_odometry),
    ("nav_msgs/Odometry", "ros1"): _in_ros1(_ros_odometry),
    ("geometry_msgs/msg/PoseStamped", "cdr"): _in_ros2(_ros_pose),
    ("geometry_msgs/PoseStamped", "ros1"): _in_ros1(_ros_pose),
    ("sensor_msgs/msg/NavSatFix", "cdr"): _in_ros2(_ros_fix),
    ("sensor_msgs/NavSatFix", "ros1"): _in_ros1(_ros_fix),
    ("foxglove_msgs/msg/LocationFix", "cdr"): _foxglove_cdr_fix,
    ("foxglove.LocationFix", "protobuf"): _protobuf_fix,
    ("foxglove.LocationFix", "json"): _json_fix,
}
PICTURES = frozenset(_PICTURES)
PLACES = tuple(_PLACES)
"""The best first: localisation says the heading too, and a fix of a satellite receiver wanders."""
