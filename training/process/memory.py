"""How much memory there is to train in."""

from __future__ import annotations

import gc
import os

import torch

from training.process.processes import processes


def available_bytes() -> int:
    """Bytes of the GPU where there is one, else of the machine.

    Of a GPU, what no other process holds. Several processes of one run must agree, so there all of it counts.
    """
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info(0)
        return int(total if processes() > 1 else free)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def release_memory() -> None:
    """Give back what a failed run held: its tensors are in cycles, and torch keeps what is freed."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
