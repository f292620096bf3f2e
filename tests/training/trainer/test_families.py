"""Every family that a profile names as a student: packed rows are exact, or refused because they would not be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from data.vlm.profiles import model_profiles
from tests.training.oracle import adapter_of, oracle_loss
from tests.training.tiny_models import STUDENT_FAMILIES, a_tiny
from tests.training.trainer.test_trainer import BETA, SCALE, WEIGHTS, a_trainer, backward, checked, perturb
from training.assembly import is_packed, pack_pairs
from training.models.folder import load_model
from training.models.shared_vision import base_model, why_not_packed
from training.pairs.collator import PackedPairCollator, shown_picture


def test_the_students_are_of_two_families() -> None:
    assert STUDENT_FAMILIES == ["qwen3_5", "qwen3_vl"]


@pytest.mark.parametrize("family", STUDENT_FAMILIES)
def test_the_trained_loss_is_that_of_each_answer_alone(family: str, stand_in: Path, tmp_path: Path) -> None:
    """Packed where the family packs, two padded rows where it does not; one answer at a time beside either."""
    model = a_tiny(family, stand_in, tmp_path / family)
    inputs = checked(tmp_path, model)
    trainer = a_trainer(inputs, tmp_path / "out")
    pack_pairs(trainer, inputs)
    assert is_packed(trainer) is model_profiles().families[family].packs
    perturb(trainer)
    loss, gradients = backward(trainer, next(iter(trainer.get_train_dataloader())))
    pairs = [
        (w.pair, shown_picture({"path": str(w.images[0])}, inputs.recipe.image.width_px), weight)
        for w, weight in zip(inputs.pairs, WEIGHTS, strict=True)
    ]
    base = load_model(model, dtype=torch.float32)
    expected = oracle_loss(base, inputs.processor, pairs, adapter_of(trainer.model), scale=SCALE, beta=BETA)
    exact = 1e-6 if is_packed(trainer) else 3e-6  # two padded rows add in another order, in float32
    assert loss == pytest.approx(expected.item(), rel=exact)
    assert loss != pytest.approx(sum(WEIGHTS) / 8 * 0.6931472, abs=1e-2)  # the adapter is at work
    assert gradients


def test_packed_rows_would_change_the_loss_of_a_family_that_does_not_pack(
    stand_in: Path, tmp_path: Path
) -> None:
    """Qwen3.5's recurrent layers carry the first answer into the second: no mask can keep them apart."""
    inputs = checked(tmp_path, a_tiny("qwen3_5", stand_in, tmp_path / "qwen3_5"))
    trainer = a_trainer(inputs, tmp_path / "out")
    perturb(trainer)
    plain, _ = backward(trainer, next(iter(trainer.get_train_dataloader())))
    assert why_not_packed(trainer.model) == (
        "the model is a qwen3_5: most of its layers carry a state from token to token, in which a second answer would "
        "see the first"
    )
    rope_index = base_model(trainer.model).model.get_rope_index
    trainer.data_collator = PackedPairCollator(
        inputs.processor, width_px=inputs.recipe.image.width_px, rope_index=rope_index
    )
    forced, _ = backward(trainer, next(iter(trainer.get_train_dataloader())))
    assert abs(forced - plain) > 1e-4
