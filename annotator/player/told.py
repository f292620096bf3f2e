"""What a player is told, as JSON: pictures with addresses for one person, boxes, and the other cameras."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from sqlmodel import Session

from annotator.pictures.signed_addresses import (
    FULL_PX,
    SCREEN_PX,
    SMALL_PX,
    ImageRequest,
    image_address,
    image_key,
)
from annotator.runtime import workspace
from data.errors import MomentUnknown, ReviewRefused
from data.moments.around import boxes_of_frame, cameras_of_frame
from data.moments.before import FramePlace, Moment, MomentPicture, moment_before, place_of
from data.moments.files import MomentFiles
from data.store.opening import Store

SCRIPTS = ("timeline.js", "player.js", "around.js")


def script() -> str:
    """The player's JavaScript; it stands on `text.js`."""
    return "\n".join(_file(f"js/{name}") for name in SCRIPTS)


def style() -> str:
    """The player's style sheet."""
    return _file("player.css")


def _file(name: str) -> str:
    return resources.files("annotator.player").joinpath(name).read_text(encoding="utf-8")


@cache
def _files(folder: Path) -> MomentFiles:
    return MomentFiles(folder)


class Addresses:
    """Addresses of pictures for one person."""

    def __init__(self, store: Store, person_id: int) -> None:
        self._key, self._person_id = image_key(store), person_id

    def __call__(self, frame_id: str, width_px: int, file: str = "") -> str:
        """Of a frame's own picture, or of another file of its moment."""
        return image_address(self._key, ImageRequest(frame_id, self._person_id, width_px, file))

    def widths(self, frame_id: str, file: str = "") -> dict[str, str]:
        """In the sizes that are played, looked at and zoomed into."""
        sizes = {"small": SMALL_PX, "large": SCREEN_PX, "full": FULL_PX}
        return {name: self(frame_id, width, file) for name, width in sizes.items()}


def frame_place(session: Session, frame_id: str) -> FramePlace:
    """Where a frame stands. Raises ReviewRefused for no such frame."""
    place = place_of(session, frame_id)
    if place is None:
        raise ReviewRefused("There is no such frame.")
    return place


def moment_told(place: FramePlace, address: Addresses) -> dict[str, Any]:
    """The seconds before a frame."""
    moment = moment_before(_files(workspace()), place)
    return {
        "pictures": [_picture(one, place.frame.id, address) for one in moment.pictures],
        "sweeps": moment.sweeps,
        "words": _words(moment),
        "note": moment.note or "",
    }


def _picture(one: MomentPicture, frame_id: str, address: Addresses) -> dict[str, Any]:
    is_keyframe = one.frame_id is not None
    addresses = address.widths(one.frame_id) if one.frame_id else address.widths(frame_id, one.filename)
    return {"at": -round(one.before_us / 1e6, 3), "key": is_keyframe, **addresses}


def _words(moment: Moment) -> str:
    """How densely the moment is pictured.

    >>> _words(Moment([MomentPicture(0, "a", "")], 0, None))
    'the frame alone'
    """
    if len(moment.pictures) == 1:
        return "the frame alone"
    seconds = (moment.pictures[0].before_us - moment.pictures[-1].before_us) / 1e6
    rate = (len(moment.pictures) - 1) / seconds if seconds > 0 else 0.0
    kind = "camera sweeps" if moment.sweeps else "keyframes only"
    return f"{kind}, {rate:.0f} a second"


def boxes_told(place: FramePlace) -> dict[str, Any]:
    """The data set's boxes in a frame."""
    try:
        boxes = boxes_of_frame(_files(workspace()), place)
    except MomentUnknown as error:
        return {"boxes": [], "note": str(error)}
    told = [{"name": one.category, "metres": one.distance_m, "corners": one.corners} for one in boxes]
    return {"boxes": told, "note": "" if told else "The data set has no box in view."}


def cameras_told(place: FramePlace, address: Addresses) -> dict[str, Any]:
    """What the other cameras saw at a frame's moment."""
    try:
        cameras = cameras_of_frame(_files(workspace()), place)
    except MomentUnknown as error:
        return {"cameras": [], "note": str(error)}
    told = [
        {"name": _camera_name(one.channel), **address.widths(place.frame.id, one.filename)}
        for one in cameras.there
    ]
    return {"cameras": told, "note": cameras.note or ""}


def _camera_name(channel: str) -> str:
    """A camera as people call it.

    >>> _camera_name("CAM_FRONT_LEFT")
    'front left'
    """
    return channel.removeprefix("CAM_").replace("_", " ").lower()
