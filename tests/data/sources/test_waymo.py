"""Files made by the published form; the set itself is behind a sign-in."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from data.errors import SourceError
from data.sources.port import PictureRefused
from data.sources.waymo import WaymoEndToEnd
from data.sources.wire.crc32c import crc32c, masked_crc32c
from data.sources.wire.tfrecord import MOST_RECORD_BYTES
from data.vocabulary import Split
from tests.data.sources.bags import field, varint
from tests.data.sources.pictures import a_jpeg, sorted_out

START_US = 1_700_000_000_000_000


def a_frame(
    segment: str, number: int, *, at_us: int | None = None, scores: Sequence[float] = (), intent: int = 1
) -> bytes:
    name = f"{segment}-{number:03d}".encode()
    taken_us = START_US + number * 100_000 if at_us is None else at_us
    front = field(1, 1) + field(2, a_jpeg((number * 10, 60, 60)))
    left = field(1, 2) + field(2, a_jpeg((number * 10, 200, 60)))
    frame = field(1, field(1, name)) + field(2, taken_us) + field(4, left) + field(4, front)
    ways = b"".join(field(8, varint(8 << 3 | 5) + struct.pack("<f", score)) for score in scores)
    return field(1, frame) + field(6, b"") + field(7, intent) + ways


def record(content: bytes) -> bytes:
    head = struct.pack("<Q", len(content))
    return head + struct.pack("<I", masked_crc32c(head)) + content + struct.pack("<I", masked_crc32c(content))


def write(path: Path, *frames: bytes) -> None:
    path.write_bytes(b"".join(record(one) for one in frames))


def test_the_checksum_is_that_of_the_standard_however_long_the_bytes_are() -> None:
    assert crc32c(bytes(range(32))) == 0x46DD794E
    whole = bytes(number * 7 % 251 for number in range(5_000))
    for length in (1, 511, 512, 513, 1024, 4_999):
        value = 0xFFFFFFFF
        for byte in whole[:length]:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        assert crc32c(whole[:length]) == value ^ 0xFFFFFFFF


def test_segments_are_put_together_from_files_and_rated_frames_are_always_taken(tmp_path: Path) -> None:
    write(tmp_path / "val_x.tfrecord-00000-of-00002", *(a_frame("s1", n) for n in (0, 2, 4, 6, 8, 10)))
    rated = a_frame("s1", 7, scores=(6.5, -1, 9), intent=2)
    write(tmp_path / "val_x.tfrecord-00001-of-00002", *(a_frame("s1", n) for n in (1, 3, 5, 9)), rated)
    source = WaymoEndToEnd(tmp_path)
    ((scene,), aside) = sorted_out(source.scenes())
    assert not aside
    assert [one.key for one in scene.frames] == ["s1-000", "s1-005", "s1-007", "s1-010"]
    assert scene.frames[0].tags == ("intent:go_straight",)
    assert scene.frames[2].tags == ("intent:go_left", "preference:rated", "preference:9/6.5")
    assert scene.official_side is Split.HELD_OUT
    assert source.picture(scene, scene.frames[1]) == a_jpeg((50, 60, 60))
    assert scene.frames[1].captured_at_us == START_US + 500_000


def test_another_camera_can_be_named(tmp_path: Path) -> None:
    write(tmp_path / "training.tfrecord", a_frame("s1", 3))
    source = WaymoEndToEnd(tmp_path / "training.tfrecord", camera="FRONT_LEFT")
    ((scene,), _) = sorted_out(source.scenes())
    assert source.picture(scene, scene.frames[0]) == a_jpeg((30, 200, 60))
    assert scene.official_side is Split.TRAIN
    with pytest.raises(SourceError, match="no camera 'CAM_FRONT'; it has FRONT, FRONT_LEFT"):
        WaymoEndToEnd(tmp_path, camera="CAM_FRONT")
    _, aside = sorted_out(WaymoEndToEnd(tmp_path, camera="REAR").scenes())
    assert "'s1-003' has no picture of this camera" in aside["training.tfrecord"]


def test_damaged_files_and_their_segments_are_set_aside_and_the_rest_goes_in(tmp_path: Path) -> None:
    write(tmp_path / "good.tfrecord", a_frame("good", 0), a_frame("torn", 0), a_frame("twice", 0))
    write(tmp_path / "cut.tfrecord", a_frame("torn", 1), a_frame("torn", 2))
    whole = (tmp_path / "cut.tfrecord").read_bytes()
    (tmp_path / "cut.tfrecord").write_bytes(whole[:-200])
    write(tmp_path / "doubles.tfrecord", a_frame("twice", 0))
    write(tmp_path / "clock.tfrecord", a_frame("back", 0), a_frame("back", 1, at_us=START_US - 1))
    write(
        tmp_path / "other.tfrecord",
        b"no frame",
    )
    (tmp_path / "empty.tfrecord").write_bytes(b"")
    (tmp_path / "big_endian.tfrecord").write_bytes(struct.pack(">QI", 5, 7) + b"hello" + bytes(4))
    long = struct.pack("<Q", MOST_RECORD_BYTES + 1)
    (tmp_path / "long.tfrecord").write_bytes(long + struct.pack("<I", masked_crc32c(long)) + bytes(99))
    scenes, aside = sorted_out(WaymoEndToEnd(tmp_path).scenes())
    assert [scene.name for scene in scenes] == ["good"]
    assert "is cut" in aside["cut.tfrecord"]
    assert aside["torn"] == "Frames of it are in cut.tfrecord, which is damaged."
    assert aside["twice"] == "The frame twice-000 is there twice, in doubles.tfrecord and good.tfrecord."
    assert aside["back"].startswith("The clock runs backwards at back-001")
    assert "cannot be read as TFRecord" in aside["other.tfrecord"]
    assert "it is empty" in aside["empty.tfrecord"]
    assert "there is no record at byte 0" in aside["big_endian.tfrecord"]
    assert "says 64,000,001 bytes" in aside["long.tfrecord"]


def test_a_picture_of_a_damaged_record_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.tfrecord", a_frame("s1", 0))
    source = WaymoEndToEnd(tmp_path)
    ((scene,), _) = sorted_out(source.scenes())
    whole = bytearray((tmp_path / "a.tfrecord").read_bytes())
    whole[-300] ^= 1
    (tmp_path / "a.tfrecord").write_bytes(whole)
    with pytest.raises(PictureRefused, match="the record at byte 0 is damaged: its checksum differs"):
        source.picture(scene, scene.frames[0])


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no TFRecord file"):
        list(WaymoEndToEnd(tmp_path).scenes())
