"""Pictures of live feeds, blurred before they are kept; one that cannot be is withheld."""

from __future__ import annotations

import threading

from data.blurring.detector import Detector
from data.blurring.pixelation import opened, spoilt
from data.errors import DetectorFailed
from data.images.inspection import ImageRefused


class LiveBlurring:
    """A detector that every picture passes on its way to the disk. `blurred`, `withheld`: how many did and did not."""

    def __init__(self, detector: Detector) -> None:
        self.detector, self.blurred, self.withheld = detector, 0, 0
        self._counting = threading.Lock()

    def blur(self, content: bytes) -> bytes:
        """The picture with what the detector finds blurred. Raises DetectorFailed, counted as withheld, whatever the
        reason: what was not looked at is kept nowhere."""
        try:
            image = opened(content, "The picture")
            fresh = spoilt(image, self.detector.regions(image))
        except (ImageRefused, DetectorFailed) as error:
            with self._counting:
                self.withheld += 1
            raise DetectorFailed(f"Withheld, since it could not be blurred: {error}") from error
        with self._counting:
            self.blurred += 1
        return fresh
