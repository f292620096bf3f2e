"""Use case: train every arm with every seed on one snapshot, and judge each on its held-out frames.

The folder: `zero_shot/judged.jsonl`, then for each arm and seed `ARM/seed-N/recipe.yaml`, `adapter/` as `train` leaves
it, and `judged.jsonl`. What is there is kept, so that a comparison that was interrupted goes on where it was. Beside
the arms stands what they share: reference log-probabilities, and adapters after a warm-up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel

from data.errors import TrainingError
from data.snapshot.folder import Snapshot, load_snapshot
from data.snapshot.judged import JUDGED, write_judged
from data.whole_files import written_whole
from training.arms.judging import judge_held_out
from training.arms.recipes import Arm
from training.models.folder import is_stand_in, model_hash
from training.process.memory import release_memory
from training.recipe import load_recipe
from training.record.provenance import PROVENANCE
from training.train import train

ZERO_SHOT = "zero_shot"
COMPARED = "comparison.json"
_REFERENCE, _WARM_UPS = "reference_logps.jsonl", "warm_ups"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    """What is compared: everything in it determines the figures, and a folder holds one such comparison."""

    snapshot: Path
    model: Path
    arms: Sequence[Arm]
    seeds: int


def run_arms(compared: Compared, out: Path, say: Say) -> None:
    """Train and judge what `out` does not hold yet.

    Raises RecipeError, SnapshotError, LeakError, TrainingError: as `training.train.train`, for a snapshot without
    held-out frames, and for a folder of another comparison.
    """
    if is_stand_in(compared.model):
        torch.set_num_threads(1)
    snapshot = load_snapshot(compared.snapshot)
    if not snapshot.evaluation:
        raise TrainingError(
            f"{compared.snapshot} has no held-out frames: there is nothing to judge the arms on."
        )
    _claim(out, compared, snapshot)
    first = load_recipe(compared.arms[0].recipe).recipe
    _judge(compared, snapshot, out / ZERO_SHOT, None, first.image.width_px)
    for seed in range(1, compared.seeds + 1):  # every arm once before any arm twice: tables fill evenly
        for arm in compared.arms:
            if not (_folder(out, arm, seed) / JUDGED).is_file():
                say(f"{arm.name}, seed {seed}")
                _train(compared, arm, seed, out, say)


def _train(compared: Compared, arm: Arm, seed: int, out: Path, say: Say) -> None:
    folder = _folder(out, arm, seed)
    folder.mkdir(parents=True, exist_ok=True)
    recipe, adapter = folder / "recipe.yaml", folder / "adapter"
    recipe.write_text(arm.text(seed), encoding="utf-8")
    settings = load_recipe(recipe).recipe
    if not (adapter / PROVENANCE).is_file():
        train(
            compared.snapshot,
            recipe,
            compared.model,
            adapter,
            resume=adapter.is_dir(),
            reference_file=out / _REFERENCE,
            warm_ups=out / _WARM_UPS,
            say=say,
        )
        release_memory()
    _judge(
        compared,
        load_snapshot(compared.snapshot, check_images=False),
        folder,
        adapter,
        settings.image.width_px,
    )


def _judge(compared: Compared, snapshot: Snapshot, folder: Path, adapter: Path | None, width_px: int) -> None:
    if (folder / JUDGED).is_file():
        return
    form = snapshot.manifest.reply_form
    if form is None:
        raise TrainingError(f"{snapshot.folder} does not say in which reply form it is: freeze it anew.")
    judged = judge_held_out(snapshot, compared.model, adapter, form=form, width_px=width_px)
    folder.mkdir(parents=True, exist_ok=True)
    write_judged(folder / JUDGED, judged)


def _folder(out: Path, arm: Arm, seed: int) -> Path:
    return out / arm.name / f"seed-{seed}"


class _Claim(BaseModel):
    """`comparison.json`: what a folder compares. `recipes`: each arm's, its seed left at 0."""

    snapshot_hash: str
    base_model_hash: str
    recipes: dict[str, str]


def _claim(out: Path, compared: Compared, snapshot: Snapshot) -> None:
    """Write down what the folder compares; raise TrainingError where it holds something else."""
    claim = _Claim(
        snapshot_hash=snapshot.manifest.snapshot_hash,
        base_model_hash=model_hash(compared.model),
        recipes={arm.name: arm.text(seed=0) for arm in compared.arms},
    )
    place = out / COMPARED
    if place.is_file():
        known = _Claim.model_validate_json(place.read_bytes())
        _refuse_another(out, known, claim)
        claim.recipes = {**known.recipes, **claim.recipes}
    elif out.is_dir() and any(out.iterdir()):
        raise TrainingError(f"{out} is not empty and holds no comparison. Choose another folder.")
    with written_whole(place) as partial:
        partial.write_text(claim.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _refuse_another(out: Path, known: _Claim, claim: _Claim) -> None:
    if known.snapshot_hash != claim.snapshot_hash:
        raise TrainingError(f"{out} compares arms on another snapshot. Choose another folder.")
    if known.base_model_hash != claim.base_model_hash:
        raise TrainingError(f"{out} compares arms on another base model. Choose another folder.")
    for arm, text in claim.recipes.items():
        if known.recipes.get(arm, text) != text:
            raise TrainingError(
                f"{out} holds the arm {arm} of another recipe. Rename the recipe or choose another folder."
            )
