"""How much memory there is to train in."""

from __future__ import annotations

import os

import torch


def available_bytes() -> int:
    """Bytes of the GPU where there is one, else of the machine."""
    if torch.cuda.is_available():
        return int(torch.cuda.get_device_properties(0).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
