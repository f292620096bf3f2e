from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.images.inspection import ImageRefused, inspect_image, leads_inside, rendition
from data.images.model_picture import model_picture
from data.vocabulary import SetAside
from tests.builders import a_picture


def a_file(folder: Path, content: bytes, name: str = "frame.jpg") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def a_png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size without holding the pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 64)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_whole_image_is_measured(tmp_path: Path) -> None:
    facts = inspect_image(a_file(tmp_path, a_picture(colour=(10, 10, 10), size=(320, 180))))
    assert (facts.width_px, facts.height_px, round(facts.median_luma)) == (320, 180, 10)
    assert len(facts.sha256) == 64


def test_edges_raise_the_edge_energy(tmp_path: Path) -> None:
    stripes = np.zeros((225, 400, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    flat = inspect_image(a_file(tmp_path, a_picture()))
    assert inspect_image(tmp_path / "stripes.png").edge_energy >= flat.edge_energy
    assert flat.edge_energy < 1.0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", SetAside.IMAGE_UNREADABLE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", SetAside.IMAGE_UNREADABLE),
        (a_picture(size=(400, 300))[:900], SetAside.IMAGE_UNREADABLE),
        (a_png_header(50_000, 50_000), SetAside.IMAGE_TOO_LARGE),
        (a_png_header(6_000, 6_000), SetAside.IMAGE_TOO_LARGE),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, reason: SetAside
) -> None:
    with pytest.raises(ImageRefused) as caught:
        inspect_image(a_file(tmp_path, content))
    assert caught.value.reason is reason
    assert "frame.jpg" in str(caught.value)


def test_a_missing_image_is_refused_as_missing(tmp_path: Path) -> None:
    with pytest.raises(ImageRefused) as caught:
        inspect_image(tmp_path / "gone.jpg")
    assert caught.value.reason is SetAside.IMAGE_MISSING


def test_a_rendition_is_scaled_down_and_carries_no_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    Image.new("RGB", (1600, 900), (50, 60, 70)).save(tmp_path / "frame.jpg", exif=exif)
    content = rendition(tmp_path / "frame.jpg", width_px=480)
    (tmp_path / "out.jpg").write_bytes(content)
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.size == (480, 270)
        assert not image.getexif()
    assert b"script" not in content


def test_a_picture_of_a_thousand_scans_is_refused_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "scans.jpg"
    Image.open(io.BytesIO(a_picture())).save(path, progressive=True)
    assert inspect_image(path).width_px > 0
    content = path.read_bytes()
    last = content.rindex(b"\xff\xda")
    path.write_bytes(content[:last] + content[last:-2] * 1000 + content[-2:])
    with pytest.raises(ImageRefused, match="scans, more than 100"):
        inspect_image(path)


def test_a_picture_of_one_line_is_refused_by_its_head(tmp_path: Path) -> None:
    Image.new("L", (20_000, 1)).save(tmp_path / "line.png")
    with pytest.raises(ImageRefused, match="20000x1 pixels, more than 16,384 on a side"):
        inspect_image(tmp_path / "line.png")


def test_a_pipe_and_a_link_to_itself_are_no_pictures(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "link.jpg")
    with pytest.raises(ImageRefused, match="is no regular file"):
        inspect_image(tmp_path / "pipe.jpg")
    assert not leads_inside(tmp_path / "link.jpg", tmp_path)
    with pytest.raises(ImageRefused):
        inspect_image(tmp_path / "link.jpg")


def held(how: int, kind: str) -> bytes:
    """A picture whose left half is white when it is looked at upright, as a camera that was held so stores it."""
    shown = Image.new("L", (160, 96))
    shown.paste(255, (0, 0, 80, 96))
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[how]
    stored = shown if back is None else shown.transpose(Image.Transpose(back))
    exif = Image.Exif()
    exif[0x0112] = how
    out = io.BytesIO()
    stored.convert("RGB").save(out, kind, exif=exif)
    return out.getvalue()


def is_white_on_the_left(content: bytes) -> bool:
    picture = Image.open(io.BytesIO(content)).convert("L")
    columns = np.asarray(picture.resize((8, 8), Image.Resampling.BOX)).mean(axis=0)
    return picture.size[0] > picture.size[1] and bool(columns[:3].min() > 200 and columns[5:].max() < 50)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("how", range(1, 9))
def test_people_models_and_measurements_see_every_picture_upright(
    tmp_path: Path, how: int, kind: str
) -> None:
    path = a_file(tmp_path, held(how, kind))
    facts = inspect_image(path)
    assert (facts.width_px, facts.height_px) == (160, 96)
    assert is_white_on_the_left(rendition(path))
    assert is_white_on_the_left(rendition(path, width_px=64))
    for width_px in (160, 64):
        assert is_white_on_the_left(model_picture(path.read_bytes(), "x", width_px=width_px).content)


def test_exif_that_cannot_be_read_turns_nothing(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (160, 96)).save(out, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\0\1")
    assert inspect_image(a_file(tmp_path, out.getvalue())).width_px == 160
