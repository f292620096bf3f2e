"""One picture's copy: its regions found and blurred, written whole under the names of both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.blurring.detector import Detector
from data.blurring.due import Boxes, DuePicture
from data.blurring.pixelation import opened, spoilt
from data.blurring.regions import Region, regions_of_boxes
from data.errors import DatarootError, DetectorFailed, MomentUnknown
from data.hashing import sha256_hex
from data.images.inspection import ImageRefused, read_image
from data.moments.files import MomentFiles
from data.nuscenes.moment_files import boxes_in_view
from data.pictures.blurred import copy_name
from data.whole_files import written_whole

NOTHING_KNOWS = "no boxes are known of it and no detector was named"
NOT_AS_INGESTED = "its file is another one than was ingested (run `teletriage ingest --recheck`)"


@dataclass(frozen=True, slots=True)
class Copied:
    """A picture whose copy lies in the folder; `boxes`: how many of its regions are the data set's, None where it has
    none of the picture."""

    due: DuePicture
    blurred_sha256: str
    regions: int
    boxes: int | None


@dataclass(frozen=True, slots=True)
class NotCopied:
    """A picture that could not be blurred, and why."""

    due: DuePicture
    why: str


@dataclass(frozen=True)
class Blurrer:
    """Blurs one picture after the other into a folder. Safe from several threads."""

    folder: Path
    files: MomentFiles
    detector: Detector | None

    def copied(self, due: DuePicture) -> Copied | NotCopied:
        """Write a picture's copy. Whatever stands in the way is a reason, and nothing is written then."""
        try:
            return self._copied(due)
        except (ImageRefused, MomentUnknown, DatarootError, DetectorFailed) as error:
            return NotCopied(due, str(error).rstrip("."))

    def _copied(self, due: DuePicture) -> Copied | NotCopied:
        if self.detector is None and due.boxes is None:
            return NotCopied(due, NOTHING_KNOWS)
        content = read_image(due.original)
        if sha256_hex(content) != due.sha256:
            return NotCopied(due, NOT_AS_INGESTED)
        if (why := self._why_lost(due)) is not None:
            return NotCopied(due, why)
        image = opened(content, due.name)
        drawn = None if due.boxes is None else self._of_boxes(due.boxes, image.size)
        if drawn is None and self.detector is None:
            return NotCopied(due, NOTHING_KNOWS)
        regions = [*(drawn or ()), *(self.detector.regions(image) if self.detector else ())]
        # what an earlier call blurred stays so, whatever another detector sees
        base = opened(read_image(due.old.copy.path), due.name) if self._has_copy(due) and due.old else image
        fresh = spoilt(base, regions)
        blurred = sha256_hex(fresh)
        with written_whole(self.folder / copy_name(due.sha256, blurred)) as partial:
            partial.write_bytes(fresh)
        return Copied(due, blurred, len(regions), None if drawn is None else len(drawn))

    @staticmethod
    def _has_copy(due: DuePicture) -> bool:
        return due.old is not None and due.old.copy.path.is_file()

    def _why_lost(self, due: DuePicture) -> str | None:
        """Why a copy that is gone cannot be made again: what only another detector saw would show."""
        old = due.old
        if old is None or self._has_copy(due) or old.detector_sha256 is None:
            return None
        if self.detector is not None and self.detector.sha256 == old.detector_sha256:
            return None
        return f"its copy is gone, and the detector that looked at it was {old.detector}; name that one"

    def _of_boxes(self, boxes: Boxes, size_px: tuple[int, int]) -> list[Region] | None:
        """None where the tables show fewer boxes than the ingest counted: then nobody knows where they are."""
        found = boxes_in_view(self.files.of(boxes.dataroot, boxes.version), boxes.frame_id)
        return regions_of_boxes(found, size_px) if len(found) >= boxes.at_least else None
