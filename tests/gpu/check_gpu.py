"""What only a GPU can show, in at most eight minutes, with random weights at the shape of Qwen3-VL-2B.

    python -m tests.gpu.check_gpu [--small] [--seconds 480] [PART ...]

Parts: exactness, kernels, speed, runs, merging. Without a GPU, or with --small, it runs at a tiny shape: on a CPU that
shows that every part runs, and nothing of a GPU. Prints one JSON object on its last line; ends with 1 if a rule is
broken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")

import torch

from tests.gpu.exactness import exactness
from tests.gpu.runs import merging, runs
from tests.gpu.setting import ON_GPU, Setting, freed, prepare
from tests.gpu.speed import kernels, speed
from training.process.chatter import library_chatter_to_stderr

RUNS_AND_MERGING_S = 230.0
"""What they are expected to take: seven runs that each load the model, and a merge."""
PARTS = ("exactness", "kernels", "speed", "runs", "merging")
Measured = tuple[dict[str, Any], dict[str, bool]]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="only these parts")
    parser.add_argument("--small", action="store_true", help="the tiny shape, on a GPU too")
    parser.add_argument("--seconds", type=float, default=480.0, help="what is not begun by then is left out")
    given = parser.parse_args(arguments)
    if unknown := sorted({*given.parts} - {*PARTS}):
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(prefix="check-gpu-") as folder, library_chatter_to_stderr():
        small = given.small or not ON_GPU
        result = check(Path(folder), small=small, parts=given.parts or PARTS, seconds=given.seconds)
    print(json.dumps(result))
    sys.exit(0 if result["holds"] else 1)


def check(
    folder: Path, *, small: bool, parts: tuple[str, ...] | list[str] = PARTS, seconds: float = 480.0
) -> dict[str, Any]:
    """Figures of each part, its seconds, every rule, and what the time did not reach."""
    begun = time.monotonic()

    def left() -> float:
        return seconds - (time.monotonic() - begun)

    setting = prepare(folder, small=small)
    figures: dict[str, Any] = {
        "setting": _setting(setting),
        "preparing_s": round(time.monotonic() - begun, 1),
    }
    rules: dict[str, bool] = {}
    for name in parts:
        if left() <= 0:
            continue
        started = time.monotonic()
        with freed():
            figures[name], kept = _kept_going(name, setting, left)
        figures[name]["part_s"] = round(time.monotonic() - started, 1)
        rules |= {f"{name}: {rule}": holds for rule, holds in kept.items()}
        _say(name, kept)
    left_out = [name for name in parts if name not in figures]
    return {**figures, "rules": rules, "left_out": left_out, "holds": all(rules.values()) and bool(rules)}


def _kept_going(name: str, setting: Setting, left: Callable[[], float]) -> Measured:
    """A part, or its error as a broken rule: what the others measured is not lost."""
    try:
        return _part(name, setting, left)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a result
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"[:1000]}, {"it runs to its end": False}


def _part(name: str, setting: Setting, left: Callable[[], float]) -> Measured:
    if name == "speed":
        return speed(setting, lambda: left() - (0 if setting.small else RUNS_AND_MERGING_S))
    if name == "merging":
        return _merging(setting)
    return {"exactness": exactness, "kernels": kernels, "runs": runs}[name](setting)


def _merging(setting: Setting) -> Measured:
    """The adapter of a run, of its own where `runs` was left out."""
    from training.train import train

    adapter = setting.folder / "plain-whole"
    if not adapter.is_dir():
        changed: dict[str, Any] = {"schedule__max_steps": 2, "batch__pairs_per_update": 8}
        train(setting.snapshot, setting.recipe("merged", **changed), setting.model, adapter)
    return merging(setting, adapter)


def _setting(setting: Setting) -> dict[str, Any]:
    tokens = setting.inputs("setting").tokens.typical
    return {
        "device": torch.cuda.get_device_name() if ON_GPU else "cpu",
        "shape": "tiny" if setting.small else "Qwen3-VL-2B, random weights",
        "versions": {name: version(name) for name in ("torch", "transformers", "trl", "peft", "accelerate")},
        "image_tokens": tokens.image,
        "row_tokens": tokens.row,
    }


def _say(name: str, rules: dict[str, bool]) -> None:
    broken = [rule for rule, holds in rules.items() if not holds]
    print(f"{name}: {f'BROKEN: {broken}' if broken else 'holds'}", file=sys.stderr)


if __name__ == "__main__":
    main()
