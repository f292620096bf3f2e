"""What made a set of vectors: only vectors of one maker are comparable."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Literal

from data.hashing import canonical_json

LOCAL, ENDPOINT = "local", "endpoint"


@dataclass(frozen=True)
class Maker:
    """The method with its version, or the model with what it is asked. `width_px`: of the pictures it is shown."""

    method: Literal["local", "endpoint"]
    model: str
    version: str
    instruction: str = ""
    width_px: int = 0

    @property
    def name(self) -> str:
        """A name for a folder: readable, and different for every maker."""
        digest = hashlib.sha256(canonical_json(asdict(self)).encode()).hexdigest()[:12]
        readable = re.sub(r"[^A-Za-z0-9]+", "-", self.model.rpartition("/")[2]).strip("-")[:40] or "model"
        return f"{readable}-{digest}"

    @property
    def in_words(self) -> str:
        """What people are told."""
        if self.method == LOCAL:
            return f"{self.model}, version {self.version} (layout, colour, edges, cues and pose; no learned weights)"
        return f"{self.model}{f' at revision {self.version}' if self.version else ''}"
