"""Nothing of a blurred region can be told again, and nothing but pixels goes with the copy."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from data.blurring.pixelation import opened, spoilt
from data.blurring.regions import Region
from data.images.inspection import ImageRefused

Pixels = npt.NDArray[np.float64]


def noise(seed: int, size: tuple[int, int] = (320, 180)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 220, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0110] = "MAKER-OF-CAMERAS"
    Image.fromarray(pixels).save(out, "JPEG", quality=95, exif=exif, comment=b"NOTES-OF-MAKER")
    return out.getvalue()


def pixels(content: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"), dtype=np.float64)


def likeness(one: Pixels, other: Pixels) -> float:
    """Pearson's correlation: 1 for the same, 0 for nothing in common."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize(
    "region", [Region(40, 20, 140, 120), Region(0, 0, 30, 180), Region(300, 170, 320, 180)]
)
def test_a_region_has_nothing_in_common_with_the_original_and_the_rest_stays(region: Region) -> None:
    before = noise(1)
    after = spoilt(opened(before, "x.jpg"), [region])
    a, b = pixels(before), pixels(after)
    inside = (slice(region.top, region.bottom), slice(region.left, region.right))
    outside = np.ones(a.shape, bool)
    outside[max(0, region.top - 16) : region.bottom + 16, max(0, region.left - 16) : region.right + 16] = (
        False
    )
    assert abs(likeness(a[inside], b[inside])) < 0.25
    assert likeness(a[outside], b[outside]) > 0.95


def test_two_faces_of_the_same_mean_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(2)
    faces = [rng.normal(120, 40, (60, 40)).clip(0, 255) for _ in range(2)]
    shown = []
    for face in faces:
        whole = np.full((180, 320), 120.0)
        whole[50:110, 100:140] = face - face.mean() + 120
        image = Image.fromarray(whole.clip(0, 255).astype(np.uint8)).convert("RGB")
        shown.append(pixels(spoilt(image, [Region(94, 44, 146, 116)])))
    assert np.abs(shown[0] - shown[1]).max() < 25
    assert np.abs(faces[0] - faces[1]).max() > 100


def test_neither_exif_nor_comments_nor_a_thumbnail_go_with_a_copy_and_it_is_upright() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 40), "red").save(out, "JPEG", exif=exif)
    after = spoilt(opened(out.getvalue(), "x.jpg"), [])
    copy = Image.open(io.BytesIO(after))
    assert (copy.size, dict(copy.getexif())) == ((40, 60), {})
    plain = spoilt(opened(noise(3), "x.jpg"), [])
    assert not any(one in plain for one in (b"MAKER", b"Exif", b"\xff\xfe"))


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ImageRefused, match="is not a JPEG or PNG"):
        opened(b"nothing", "x.jpg")
