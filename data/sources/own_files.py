"""What sources share whose every picture is a file of its own."""

from __future__ import annotations

from data.sources.port import PictureRefused, SourceFrame, SourceScene


class OwnFiles:
    """Ingest reads the files where they are and asks for no picture."""

    in_files = True

    def picture(self, scene: SourceScene, frame: SourceFrame) -> bytes:
        """Never."""
        raise PictureRefused(f"{frame.picture} is a file of its own.")
