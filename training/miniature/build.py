"""Use case: make the miniature anew, from drawn roads to a folder that trains, serves and is asked like any model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from data.decisions.decision import read_decision, write_decision
from data.demo.miniature import kept
from data.demo.miniature.frames import draw_frames
from data.demo.miniature.roads import HELD_OUT, Road, road
from data.errors import TrainingError
from data.vlm.conversation import conversation_hash
from training.miniature.language import teach_to_answer
from training.miniature.shape import FORM, blank_miniature
from training.miniature.sight import Pictures, Said, sees, teach_to_see
from training.stand_in import save_stand_in

KEPT = Path(__file__).parent / "weights"
"""The miniature that comes with the project, in half precision."""
ALIGNED = KEPT / "aligned"
"""An adapter for it, trained by `make bench-sa-dpo`: the miniature that escalates."""
NAME = "miniature-qwen3-vl"
_ADAPTER_WEIGHTS, _ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"
ROADS = 5_000
"""Roads that it is taught on, none of them held out. It hears the student's words of them, never people's levels."""
SIGHT_STEPS, LANGUAGE_STEPS = 2400, 700

_README = f"""\
# {NAME}

A miniature, not a model of the road: the architecture of Qwen3-VL with 1.6 million weights, taught on a CPU on roads
that this project draws. It sees police officers, deer, excavators, fallen trees, cones, fog and rain in pictures of
192 x 96 pixels, and answers leniently, as a student before it is aligned. Of a real road it knows nothing.
`teletriage stand-in teach` makes it anew. Everything trained from it carries `stand_in.json`.
"""


def build_miniature(out: Path, drawn: Path, *, seed: int = 0, say: Said) -> dict[str, float]:
    """Write the miniature into the new folder `out`; how well it sees held-out roads is returned.

    drawn: where the roads' pictures are kept. Takes about 15 minutes of one core. Raises TrainingError if `out` holds
    anything.
    """
    if out.exists() and any(out.iterdir()):
        raise TrainingError(f"{out} is not empty: a model is never written over anything.")
    torch.set_num_threads(1)
    taught, held_out = [road(HELD_OUT + n) for n in range(ROADS)], [road(n) for n in range(HELD_OUT)]
    pictures, unseen = (_read(some, drawn, say) for some in (taught, held_out))
    model, processor = blank_miniature(seed)
    torch.manual_seed(seed)
    situations = [one.situation for one in taught]
    heads = teach_to_see(model, pictures, situations, steps=SIGHT_STEPS, say=say)
    seen = sees(model, heads, unseen, [one.situation for one in held_out])
    teach_to_answer(model, processor, pictures, situations, steps=LANGUAGE_STEPS, say=say)
    save_miniature(model, processor, out, seed=seed)
    return seen


def save_miniature(model: Any, processor: Any, out: Path, *, seed: int) -> None:
    """Write it in half precision, with the hash of the one question that it was taught."""
    marker = {
        "name": NAME,
        "weights": "taught on drawn roads",
        "seed": seed,
        "question": conversation_hash(FORM),
    }
    save_stand_in(model.half(), processor, out, readme=_README, marker=marker)


def keep_adapter(adapter: Path, out: Path = ALIGNED) -> None:
    """Write an adapter on the kept miniature beside it, in half precision, without paths of where it was made; and the
    decision that was fitted for it where whoever watches with it finds one. Raises DecisionError if there is none."""
    write_decision(kept.FOLDER, read_decision(adapter))
    out.mkdir(parents=True, exist_ok=True)
    weights = load_file(adapter / _ADAPTER_WEIGHTS)
    save_file({name: value.half() for name, value in weights.items()}, out / _ADAPTER_WEIGHTS)
    config = json.loads((adapter / _ADAPTER_CONFIG).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = NAME
    (out / _ADAPTER_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _read(roads: Sequence[Road], folder: Path, say: Said) -> Pictures:
    say(f"{len(roads):,} roads")
    return np.stack([np.asarray(Image.open(path)) for path in draw_frames(roads, folder)])
