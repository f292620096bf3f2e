"""One run in several processes, as `accelerate launch` and `torchrun` start them: how many, and who writes."""

from __future__ import annotations

import os


def processes() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Whether this is the one that writes files and speaks to the person."""
    return int(os.environ.get("RANK", "0")) == 0
