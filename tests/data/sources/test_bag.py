from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from mcap.opcode import Opcode
from mcap.writer import CompressionType

from data.errors import SourceError
from data.sources.bag.drives import Bags
from data.sources.port import PictureRefused
from data.vocabulary import Pose
from tests.data.sources.bags import (
    START_US,
    Message,
    field,
    fix,
    json_picture,
    odometry,
    protobuf_picture,
    ros1_picture,
    ros2_picture,
    write_db3,
    write_mcap,
)
from tests.data.sources.pictures import a_jpeg, sorted_out

FRONT = "/sensing/camera/front/image/compressed"
LEFT = "/sensing/camera/front_left/image/compressed"


def half_seconds(n: int) -> list[int]:
    return [START_US + number * 500_000 for number in range(n)]


def a_drive(n: int = 4, topic: str = FRONT) -> list[Message]:
    return [
        ros2_picture(topic, at_us, a_jpeg((20 * number, 90, 90)))
        for number, at_us in enumerate(half_seconds(n))
    ]


@pytest.mark.parametrize("write", [ros2_picture, ros1_picture, protobuf_picture, json_picture])
def test_pictures_come_out_as_they_were_recorded(
    tmp_path: Path, write: Callable[[str, int, bytes], Message]
) -> None:
    pictures = [a_jpeg((30 * number, 60, 90)) for number in range(4)]
    messages = [write(FRONT, at_us, one) for at_us, one in zip(half_seconds(4), pictures, strict=True)]
    write_mcap(tmp_path / "drive.mcap", messages)
    source = Bags(tmp_path / "drive.mcap")
    ((scene,), aside) = sorted_out(source.scenes())
    assert not aside
    assert [one.captured_at_us for one in scene.frames] == half_seconds(4)
    assert [source.picture(scene, frame) for frame in scene.frames] == pictures


def test_big_endian_messages_are_read_and_a_wrong_byte_order_is_told(tmp_path: Path) -> None:
    write_mcap(tmp_path / "big.mcap", [ros2_picture(FRONT, START_US, a_jpeg(), order=">")])
    topic, kind, encoding, at_us, content = ros2_picture(FRONT, START_US, a_jpeg(), order=">")
    write_mcap(tmp_path / "lies.mcap", [(topic, kind, encoding, at_us, b"\0\1\0\0" + content[4:])])
    scenes, aside = sorted_out(Bags(tmp_path).scenes())
    assert [scene.name for scene in scenes] == ["big.mcap"]
    assert "is no sensor_msgs/msg/CompressedImage: byte 12 says 117,440,512 bytes" in aside["lies.mcap"]


@pytest.mark.parametrize("compression", list(CompressionType))
@pytest.mark.parametrize(("chunks", "index"), [(True, True), (True, False), (False, False)])
def test_every_way_of_writing_a_file_is_read(
    tmp_path: Path, compression: CompressionType, chunks: bool, index: bool
) -> None:
    other = [
        ("/lidar", "sensor_msgs/msg/PointCloud2", "cdr", at_us, bytes(9_000)) for at_us in half_seconds(4)
    ]
    messages = [one for pair in zip(other, a_drive(), strict=True) for one in pair]
    write_mcap(tmp_path / "a.mcap", messages, compression=compression, chunks=chunks, index=index)
    source = Bags(tmp_path)
    ((scene,), _) = sorted_out(source.scenes())
    assert source.picture(scene, scene.frames[3]) == a_jpeg((60, 90, 90))
    assert source.picture(scene, scene.frames[0]) == a_jpeg((0, 90, 90))


def test_files_of_one_rosbag2_folder_are_one_scene_in_both_storages(tmp_path: Path) -> None:
    for number, write in enumerate((write_mcap, write_db3)):
        folder = tmp_path / f"bag{number}"
        for part in range(3):
            write(
                folder / f"bag_{part * 5}{'.mcap' if number == 0 else '.db3'}",
                a_drive(12)[part * 4 : part * 4 + 4],
            )
        (folder / "metadata.yaml").write_text("rosbag2_bagfile_information: {}")
    source = Bags(tmp_path)
    scenes, aside = sorted_out(source.scenes())
    assert not aside
    assert [(scene.name, len(scene.frames)) for scene in scenes] == [("bag0", 12), ("bag1", 12)]
    assert source.picture(scenes[1], scenes[1].frames[11]) == a_jpeg((220, 90, 90))


def test_odometry_is_taken_before_fixes_and_meets_the_frames_between_its_messages(tmp_path: Path) -> None:
    messages = [*a_drive(3), *(fix("/gps", at_us, 48.0, 11.0) for at_us in half_seconds(3))]
    for number in range(5):
        at_us, quarter = START_US - 250_000 + number * 400_000, math.sqrt(0.5)
        messages.append(
            odometry("/localization", at_us, 4.0 * number, -float(number), half_turn_z=quarter, w=quarter)
        )
    write_mcap(tmp_path / "a.mcap", messages)
    ((scene,), _) = sorted_out(Bags(tmp_path).scenes())
    assert scene.frames[0].pose == Pose(2.5, -0.625, 1.5708)
    assert scene.frames[1].pose == Pose(7.5, -1.875, 1.5708)


def test_fixes_become_metres_and_the_course_a_heading(tmp_path: Path) -> None:
    north = [fix("/gps", at_us, 48.0 + number / 10_000, 11.0) for number, at_us in enumerate(half_seconds(5))]
    none = fix("/gps", START_US + 100_000, 0.0, 0.0, status=-1)
    write_mcap(tmp_path / "a.mcap", [*a_drive(3), *north, none])
    ((scene,), _) = sorted_out(Bags(tmp_path).scenes())
    first, second, _ = (frame.pose for frame in scene.frames)
    assert first == Pose(0.0, 0.0, 1.5708)
    assert second is not None
    assert (second.x_m, round(second.y_m, 1)) == (0.0, 11.1)


def test_frames_far_from_any_measurement_have_no_pose(tmp_path: Path) -> None:
    write_mcap(tmp_path / "a.mcap", [*a_drive(6), odometry("/odom", START_US, 1.0, 2.0)])
    ((scene,), _) = sorted_out(Bags(tmp_path).scenes())
    assert [frame.pose is None for frame in scene.frames] == [False, False, False, True, True, True]


def test_the_front_camera_is_told_from_its_neighbours_and_two_are_one_sentence(tmp_path: Path) -> None:
    write_mcap(tmp_path / "one.mcap", [*a_drive(2), *a_drive(2, LEFT), *a_drive(2, "/rear/compressed")])
    write_mcap(tmp_path / "two.mcap", [*a_drive(2), *a_drive(2, "/front_wide/compressed")])
    write_mcap(tmp_path / "unnamed.mcap", [*a_drive(2, "/cam0"), *a_drive(2, "/cam1")])
    raw = ("/cam0", "sensor_msgs/msg/Image", "cdr", START_US, b"")
    write_mcap(tmp_path / "raw.mcap", [raw])
    scenes, aside = sorted_out(Bags(tmp_path).scenes())
    assert [scene.name for scene in scenes] == ["one.mcap"]
    assert aside == {
        "two.mcap": f"It has 2 front cameras, /front_wide/compressed, {FRONT}: choose one with --camera.",
        "unnamed.mcap": "It has 2 cameras, and none is called front, /cam0, /cam1: choose one with --camera.",
        "raw.mcap": "It has no compressed pictures; /cam0 holds sensor_msgs/msg/Image, which is not read.",
    }
    chosen, aside = sorted_out(Bags(tmp_path, camera="/cam1").scenes())
    assert [scene.name for scene in chosen] == ["unnamed.mcap"]
    assert aside["one.mcap"].startswith("It has no compressed pictures on /cam1; there is /rear/compressed")


def test_a_camera_without_a_clock_is_timed_by_the_recording(tmp_path: Path) -> None:
    messages = [(*message[:3], message[3], ros2_picture(FRONT, 0, a_jpeg())[4]) for message in a_drive(3)]
    write_mcap(tmp_path / "a.mcap", messages)
    ((scene,), _) = sorted_out(Bags(tmp_path).scenes())
    assert [one.captured_at_us for one in scene.frames] == half_seconds(3)
    assert scene.description == "Times are those of the recording."


def cut(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])


def test_recordings_of_no_use_are_set_aside_and_the_rest_goes_in(tmp_path: Path) -> None:
    write_mcap(tmp_path / "good.mcap", a_drive())
    write_mcap(tmp_path / "cut.mcap", a_drive(), chunk_bytes=900)
    cut(tmp_path / "cut.mcap", 0.5)
    (tmp_path / "empty.mcap").write_bytes(b"")
    (tmp_path / "text.mcap").write_text("no recording")
    (tmp_path / "text.db3").write_text("no recording, and long enough to be taken for something else" * 20)
    later, earlier = a_drive(2)[::-1]
    write_mcap(
        tmp_path / "backwards.mcap",
        [(*later[:3], START_US, later[4]), (*earlier[:3], START_US + 9, earlier[4])],
    )
    write_mcap(tmp_path / "webp.mcap", [ros2_picture(FRONT, START_US, b"RIFF....WEBP")])
    write_mcap(
        tmp_path / "xcdr.mcap", [(FRONT, "sensor_msgs/msg/CompressedImage", "cdr", START_US, b"\0\2\0\0" * 9)]
    )
    scenes, aside = sorted_out(Bags(tmp_path).scenes())
    assert [scene.name for scene in scenes] == ["good.mcap"]
    assert "ends in the middle of a record" in aside["cut.mcap"]
    assert "text.mcap cannot be read as an MCAP file: it does not begin as one" in aside["text.mcap"]
    assert "empty.mcap cannot be read" in aside["empty.mcap"]
    assert "text.db3 cannot be read as a rosbag2 file" in aside["text.db3"]
    assert "runs backwards by 0.500 s" in aside["backwards.mcap"]
    assert "it begins with 524946462e2e2e2e" in aside["webp.mcap"]
    assert "its form is 0x0002" in aside["xcdr.mcap"]


NO_SUMMARY = struct.pack("<BQI", Opcode.DATA_END, 4, 0) + struct.pack("<BQQQI", Opcode.FOOTER, 20, 0, 0, 0)
MAGIC = b"\x89MCAP0\r\n"


def chunk(content: bytes, *, says: int, compression: str) -> bytes:
    """A file of one chunk that states a size of its own."""
    name = compression.encode()
    body = struct.pack("<QQQI", 0, 0, says, 0) + struct.pack("<I", len(name)) + name
    body += struct.pack("<Q", len(content)) + content
    return MAGIC + struct.pack("<BQ", Opcode.CHUNK, len(body)) + body + NO_SUMMARY + MAGIC


@pytest.mark.parametrize(
    ("says", "reason"),
    [(10**12, "is larger than 64,000,000"), (1_000, "a chunk says 1,000 bytes and has more")],
)
def test_a_chunk_that_unpacks_to_more_than_it_may_is_refused(tmp_path: Path, says: int, reason: str) -> None:
    bomb = chunk(zstandard.compress(bytes(30_000_000)), says=says, compression="zstd")
    (tmp_path / "bomb.mcap").write_bytes(bomb)
    _, aside = sorted_out(Bags(tmp_path).scenes())
    assert reason in aside["bomb.mcap"]


def test_a_record_that_states_a_huge_length_reserves_no_memory(tmp_path: Path) -> None:
    (tmp_path / "long.mcap").write_bytes(
        MAGIC + struct.pack("<BQ", Opcode.HEADER, 2**62) + NO_SUMMARY + MAGIC
    )
    _, aside = sorted_out(Bags(tmp_path).scenes())
    assert "exceeds limit 64000000" in aside["long.mcap"]


@pytest.mark.parametrize(
    "content", [b"\x12\xff\xff\xff\xff\x0f", b"\x12", b"\x0b", b"\xff" * 12, field(1, 5), field(2, b"")]
)
def test_protocol_buffers_that_lie_are_told(tmp_path: Path, content: bytes) -> None:
    write_mcap(tmp_path / "a.mcap", [(FRONT, "foxglove.CompressedImage", "protobuf", START_US, content)])
    scenes, aside = sorted_out(Bags(tmp_path).scenes())
    assert not scenes
    assert FRONT in aside["a.mcap"]


def test_a_file_that_changes_after_it_was_listed_is_told(tmp_path: Path) -> None:
    write_mcap(tmp_path / "a.mcap", a_drive())
    source = Bags(tmp_path)
    ((scene,), _) = sorted_out(source.scenes())
    cut(tmp_path / "a.mcap", 0.1)
    with pytest.raises(PictureRefused, match="ends in the middle"):
        source.picture(scene, scene.frames[3])


def test_what_holds_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no MCAP file"):
        list(Bags(tmp_path).scenes())
    with pytest.raises(SourceError, match="neither a recording nor a folder"):
        list(Bags(tmp_path / "missing").scenes())


def flipped(content: bytes, at: Sequence[int]) -> bytes:
    out = bytearray(content)
    for one in at:
        out[one % len(out)] ^= 0xFF
    return bytes(out)


def test_damage_anywhere_is_one_sentence_or_another_picture(tmp_path: Path) -> None:
    write_mcap(tmp_path / "whole.mcap", [*a_drive(), odometry("/odom", START_US, 0.0, 0.0)], chunk_bytes=900)
    whole = (tmp_path / "whole.mcap").read_bytes()
    (tmp_path / "whole.mcap").unlink()
    for number in range(150):
        (tmp_path / "a.mcap").write_bytes(flipped(whole, [number * len(whole) // 150]))
        source = Bags(tmp_path / "a.mcap")
        scenes, _ = sorted_out(source.scenes())
        for scene in scenes:
            for frame in scene.frames:
                with suppress(PictureRefused):
                    source.picture(scene, frame)
