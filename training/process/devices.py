"""Which GPU a run is on: TRL refuses a process that sees several."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"


def choose_one_gpu(environment: MutableMapping[str, str], *, gpus: int) -> str | None:
    """Let this process see its first GPU alone, unless a launcher started it as one of several.

    Returns a sentence where there was a choice. Comes before torch is imported: CUDA reads the variable once.
    `gpus`: how many there are; only the sentence depends on it.
    """
    if is_launched(environment):
        return None
    named = [name.strip() for name in environment.get(VISIBLE, "").split(",") if name.strip()]
    if VISIBLE in environment and len(named) < 2:  # noqa: PLR2004 - none or one
        return None
    environment[VISIBLE] = named[0] if named else "0"
    if max(gpus, len(named)) < 2:  # noqa: PLR2004
        return None
    return (
        f"This run trains on GPU {environment[VISIBLE]} alone, of {len(named) or gpus} that it could see. Choose "
        f"another with {VISIBLE}, or train on all: accelerate launch --config_file "
        "training/recipes/accelerate/fsdp2.yaml -m annotator train."
    )


def is_launched(environment: Mapping[str, str]) -> bool:
    """Whether a launcher started this process as one of several."""
    return "WORLD_SIZE" in environment or "LOCAL_RANK" in environment


def count_gpus(devices: Path = Path("/dev")) -> int:
    """How many NVIDIA GPUs the machine has, without loading torch; 0 where it does not show them as files."""
    return sum(path.name.removeprefix("nvidia").isdigit() for path in devices.glob("nvidia*"))
