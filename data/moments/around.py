"""What the data set has of a frame's moment beside the front camera's picture: boxes, and the other cameras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.errors import DatarootError, MomentUnknown
from data.moments.before import FramePlace, shows_erased
from data.moments.files import MomentFiles
from data.nuscenes.box_geometry import DrawnBox
from data.nuscenes.moment_files import OtherCamera, boxes_in_view, other_cameras
from data.pictures.blurred import WITHHELD
from data.pictures.shown import is_there


@dataclass(frozen=True)
class Cameras:
    """The other cameras whose pictures are there; `note`: what is missing, None where nothing is."""

    there: list[OtherCamera]
    note: str | None


def boxes_of_frame(files: MomentFiles, place: FramePlace) -> list[DrawnBox]:
    """The boxes that the data set has in a frame, nearest first. Raises MomentUnknown with the reason where that is not
    known."""
    try:
        return boxes_in_view(_folder(files, place), place.frame.id)
    except DatarootError as error:
        raise MomentUnknown(str(error)) from error


def cameras_of_frame(files: MomentFiles, place: FramePlace) -> Cameras:
    """The other cameras at a frame's moment. Raises MomentUnknown as `boxes_of_frame`."""
    try:
        listed = other_cameras(_folder(files, place), place.frame.scene_id, place.frame.id)
    except DatarootError as error:
        raise MomentUnknown(str(error)) from error
    if shows_erased(place.frame.captured_at_us, place.erased_us):
        return Cameras([], "The pictures of this moment were erased.")
    if place.is_blurred:
        return Cameras([], WITHHELD)
    there = [one for one in listed if is_there(place.dataroot, one.filename)]
    if not listed:
        return Cameras([], "The data set lists no other camera at this moment.")
    missing = len(listed) - len(there)
    note = f"{missing} of {len(listed)} other cameras' pictures are not in the dataroot." if missing else None
    return Cameras(there, note)


def _folder(files: MomentFiles, place: FramePlace) -> Path:
    if place.frame.generated_clip_id is not None:
        raise MomentUnknown("A generated frame has neither boxes nor other cameras.")
    return files.of(place.dataroot, place.version)
