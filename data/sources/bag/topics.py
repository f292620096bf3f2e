"""Which topic of a recording is the front camera, and which says where the vehicle is: rules on names alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from data.sources.bag.messages import PICTURES, PLACES
from data.sources.bag.recording import Topic
from data.sources.unusable import SceneUnusable

_FRONT, _ASIDE = re.compile("front", re.I), re.compile("left|right|rear|back", re.I)
_DEPTH = "compressedDepth"
_RAW = ("sensor_msgs/msg/Image", "sensor_msgs/Image", "foxglove.RawImage", "foxglove.CompressedVideo")


def camera_topic(topics: Sequence[Topic], wanted: str) -> Topic:
    """The topic that `--camera` names, else the only one with compressed pictures, else the only one in front.

    Raises SceneUnusable where that is none, or not one.
    """
    cameras = [
        one for one in topics if (one.kind, one.encoding) in PICTURES and not one.name.endswith(_DEPTH)
    ]
    if wanted:
        named = [one for one in cameras if one.name == wanted]
        if not named:
            raise SceneUnusable(f"It has no compressed pictures on {wanted}; {_there_are(cameras)}.")
        return named[0]
    if not cameras:
        raise SceneUnusable(_no_camera(topics))
    front = [one for one in cameras if _FRONT.search(one.name) and not _ASIDE.search(one.name)]
    fitting = front or cameras
    if len(fitting) > 1:
        what = "front cameras" if front else "cameras, and none is called front"
        names = ", ".join(one.name for one in fitting)
        raise SceneUnusable(f"It has {len(fitting)} {what}, {names}: choose one with --camera.")
    return fitting[0]


def place_topic(topics: Sequence[Topic]) -> Topic | None:
    """What says best where the vehicle is, None where nothing does."""
    known = [one for one in topics if (one.kind, one.encoding) in PLACES]
    return min(known, key=lambda one: (PLACES.index((one.kind, one.encoding)), one.name), default=None)


def _there_are(cameras: Sequence[Topic]) -> str:
    return f"there is {', '.join(one.name for one in cameras)}" if cameras else "there are none"


def _no_camera(topics: Sequence[Topic]) -> str:
    raw = [one for one in topics if one.kind in _RAW]
    if raw:
        return f"It has no compressed pictures; {raw[0].name} holds {raw[0].kind}, which is not read."
    return "It has no compressed pictures (sensor_msgs/CompressedImage or foxglove.CompressedImage)."
