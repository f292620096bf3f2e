"""Recordings as robots write them, made message by message."""

from __future__ import annotations

import base64
import json
import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from mcap.writer import CompressionType, Writer

START_US = 1_700_000_000_000_000
Message = tuple[str, str, str, int, bytes]
"""(topic, kind, encoding, microseconds since 1970 at which it is recorded, content)."""


def stamp(at_us: int, order: str = "<") -> bytes:
    return struct.pack(f"{order}iI", at_us // 1_000_000, at_us % 1_000_000 * 1000)


def cdr(at_us: int, *parts: bytes | str | float, order: str = "<", frame_id: str = "camera") -> bytes:
    """A ROS 2 message with a header; bytes are a sequence, text a string, numbers doubles."""
    body = bytearray(stamp(at_us, order))
    for part in (frame_id, *parts):
        if isinstance(part, float):
            body += bytes(-len(body) % 8) + struct.pack(f"{order}d", part)
            continue
        content = part.encode() + b"\0" if isinstance(part, str) else part
        body += bytes(-len(body) % 4) + struct.pack(f"{order}I", len(content)) + content
    return bytes([0, 1 if order == "<" else 0, 0, 0]) + bytes(body)


def ros2_picture(topic: str, at_us: int, jpeg: bytes, *, order: str = "<") -> Message:
    return topic, "sensor_msgs/msg/CompressedImage", "cdr", at_us, cdr(at_us, "jpeg", jpeg, order=order)


def ros1_picture(topic: str, at_us: int, jpeg: bytes) -> Message:
    head = (
        struct.pack("<III", 7, at_us // 1_000_000, at_us % 1_000_000 * 1000) + struct.pack("<I", 3) + b"cam"
    )
    content = head + struct.pack("<I", 4) + b"jpeg" + struct.pack("<I", len(jpeg)) + jpeg
    return topic, "sensor_msgs/CompressedImage", "ros1", at_us, content


def field(number: int, value: bytes | int) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def protobuf_stamp(at_us: int) -> bytes:
    return field(1, at_us // 1_000_000) + field(2, at_us % 1_000_000 * 1000)


def protobuf_picture(topic: str, at_us: int, jpeg: bytes) -> Message:
    content = field(1, protobuf_stamp(at_us)) + field(2, jpeg) + field(3, b"jpeg") + field(4, b"camera")
    return topic, "foxglove.CompressedImage", "protobuf", at_us, content


def json_picture(topic: str, at_us: int, jpeg: bytes) -> Message:
    when = {"sec": at_us // 1_000_000, "nsec": at_us % 1_000_000 * 1000}
    found = {"timestamp": when, "frame_id": "", "format": "jpeg", "data": base64.b64encode(jpeg).decode()}
    return topic, "foxglove.CompressedImage", "json", at_us, json.dumps(found).encode()


def odometry(
    topic: str, at_us: int, x_m: float, y_m: float, *, half_turn_z: float = 0.0, w: float = 1.0
) -> Message:
    content = cdr(at_us, "base_link", x_m, y_m, 0.0, 0.0, 0.0, half_turn_z, w)
    return topic, "nav_msgs/msg/Odometry", "cdr", at_us, content


def fix(topic: str, at_us: int, latitude: float, longitude: float, *, status: int = 0) -> Message:
    header = cdr(at_us, frame_id="gps")
    body = header[4:] + struct.pack("<b", status)
    body += bytes(-len(body) % 2) + struct.pack("<H", 1)
    body += bytes(-len(body) % 8) + struct.pack("<ddd", latitude, longitude, 500.0)
    return topic, "sensor_msgs/msg/NavSatFix", "cdr", at_us, header[:4] + body


def write_mcap(
    path: Path,
    messages: Sequence[Message],
    *,
    compression: CompressionType = CompressionType.ZSTD,
    chunk_bytes: int = 4_000,
    chunks: bool = True,
    index: bool = True,
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writer = Writer(
            file,
            chunk_size=chunk_bytes,
            compression=compression,
            use_chunking=chunks,
            use_statistics=index,
            use_summary_offsets=index,
        )
        writer.start()
        channels: dict[str, int] = {}
        for topic, kind, encoding, at_us, content in messages:
            if topic not in channels:
                schema = writer.register_schema(kind, "ros2msg", b"")
                channels[topic] = writer.register_channel(topic, encoding, schema)
            writer.add_message(channels[topic], at_us * 1000, content, at_us * 1000)
        writer.finish()  # type: ignore[no-untyped-call]


def write_db3(path: Path, messages: Sequence[Message]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE topics (id INTEGER PRIMARY KEY, name, type, serialization_format)")
        connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, topic_id, timestamp, data BLOB)")
        topics = {topic: (kind, encoding) for topic, kind, encoding, _, _ in messages}
        numbers = {topic: number for number, topic in enumerate(topics, start=1)}
        rows = [(numbers[topic], topic, *topics[topic]) for topic in topics]
        connection.executemany("INSERT INTO topics VALUES (?, ?, ?, ?)", rows)
        found = [(numbers[topic], at_us * 1000, content) for topic, _, _, at_us, content in messages]
        connection.executemany("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)", found)
