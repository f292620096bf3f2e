from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from data.errors import ProbeRefused
from data.images.model_picture import ModelPicture
from data.probes.arms import ARMS, SPOILT, Arm, ArmKind, arm_of, arms_named
from data.probes.spoiling import spoilt_picture, without_box


def a_street() -> ModelPicture:
    """A picture with a light left half, a dark right one, and lines across."""
    pixels = np.full((96, 160, 3), 200, dtype=np.uint8)
    pixels[:, 80:] = 60
    pixels[::12] = 20
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="JPEG", quality=92)
    return ModelPicture(out.getvalue(), 160, 96)


def spoilt(arm: Arm, *, frame_id: str = "frame", seed: int = 0) -> ModelPicture:
    return spoilt_picture(a_street(), 0, arm=arm, frame_id=frame_id, seed=seed)


def pixels(picture: ModelPicture) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(Image.open(io.BytesIO(picture.content)).convert("RGB"), dtype=np.float64)


def changed(arm: Arm) -> float:
    return float(np.abs(pixels(spoilt(arm)) - pixels(a_street())).mean())


def test_there_are_fifteen_ways_to_spoil_a_picture_at_three_strengths_beside_five_other_arms() -> None:
    assert (len(SPOILT), len(ARMS)) == (15, 50)
    assert [arm_of(arm.name) for arm in ARMS] == list(ARMS)


def test_an_unknown_arm_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ProbeRefused, match=r"There is no arm 'fogg'.*no-picture.*fog-3"):
        arms_named(["fogg"])


DRAWN = [kind for kind in SPOILT if kind is not ArmKind.FROZEN]


@pytest.mark.parametrize("kind", DRAWN)
def test_a_spoilt_picture_has_the_same_size_and_is_the_same_for_the_same_frame_and_seed(
    kind: ArmKind,
) -> None:
    arm = Arm(kind, 2)
    once = spoilt(arm)
    assert once == spoilt(arm)
    assert (once.width_px, once.height_px) == (160, 96)
    assert pixels(once).shape == (96, 160, 3)


@pytest.mark.parametrize("kind", DRAWN)
def test_every_strength_changes_the_picture_and_the_third_more_than_the_first(kind: ArmKind) -> None:
    first, third = (changed(Arm(kind, strength)) for strength in (1, 3))
    assert 0 < first < third


@pytest.mark.parametrize("kind", [ArmKind.RAIN, ArmKind.LENS_DIRT, ArmKind.NOISE, ArmKind.CROP])
def test_chance_is_another_for_another_frame_and_another_seed(kind: ArmKind) -> None:
    arm = Arm(kind, 2)
    assert len({spoilt(arm).content, spoilt(arm, frame_id="x").content, spoilt(arm, seed=1).content}) == 3


def test_without_a_picture_there_is_grey_of_the_same_size() -> None:
    assert np.abs(pixels(spoilt(Arm(ArmKind.NO_PICTURE))) - 128).max() <= 1


def test_a_mirrored_picture_has_its_left_on_the_right() -> None:
    mirrored, own = pixels(spoilt(Arm(ArmKind.MIRRORED))), pixels(a_street())
    assert np.abs(mirrored[:, ::-1] - own).mean() < 3 < np.abs(mirrored - own).mean()


def test_a_greyed_box_is_grey_and_leaves_the_rest() -> None:
    found, own = pixels(without_box(a_street(), (0.5, 0.25, 1.0, 0.75))), pixels(a_street())
    assert np.abs(found[28:68, 88:] - 128).mean() < 3
    assert np.abs(found[:, :72] - own[:, :72]).mean() < 3
