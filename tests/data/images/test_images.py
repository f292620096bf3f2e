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
