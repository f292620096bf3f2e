"""ONNX files small enough to be written by hand: protocol buffers, byte by byte, after the published onnx.proto."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

FLOAT, INT64 = 1, 7
Box = tuple[float, float, float, float, float]


def a_detector(
    path: Path,
    boxes: Sequence[Box],
    *,
    side: int = 64,
    least_light: float = 0.9,
    given: Sequence[int | str] | None = None,
    numbers: int = 6,
    kind: int = FLOAT,
) -> Path:
    """A model that finds the same boxes (left, top, right, bottom in pixels of its input, score) in every picture, and
    gives numbers that are none about one that has any brighter value than `least_light`. `given`: another shape of its
    input; `numbers`: how many there are of each box."""
    rows = [value for box in boxes for value in [*box, 0.0, 0.0][:numbers]]
    graph = b"".join(
        [
            _node("ReduceMax", ["picture"], ["lightest"], [("keepdims", 0)]),
            _node("Sub", ["least", "lightest"], ["left"]),
            _node("Sqrt", ["left"], ["root"]),
            _node("Mul", ["root", "nothing"], ["zero"]),
            _node("Add", ["rows", "zero"], ["found"]),
            _message(2, b"tiny"),
            _message(5, _tensor("rows", [1, len(boxes), numbers], rows)),
            _message(5, _tensor("least", [], [least_light])),
            _message(5, _tensor("nothing", [], [0.0])),
            _message(11, _value("picture", given or (1, 3, side, side), kind)),
            _message(12, _value("found", (1, len(boxes), numbers), FLOAT)),
        ]
    )
    path.write_bytes(_number(1, 8) + _message(8, _number(2, 13)) + _message(7, graph))
    return path


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _node(
    kind: str, takes: Sequence[str], gives: Sequence[str], more: Sequence[tuple[str, int]] = ()
) -> bytes:
    attributes = (_message(1, name.encode()) + _number(3, value) + _number(20, 2) for name, value in more)
    return _message(
        1,
        b"".join(
            [
                *(_message(1, one.encode()) for one in takes),
                *(_message(2, one.encode()) for one in gives),
                _message(4, kind.encode()),
                *(_message(5, one) for one in attributes),
            ]
        ),
    )


def _tensor(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    dims = b"".join(_number(1, one) for one in shape)
    raw = struct.pack(f"<{len(values)}f", *values)
    return dims + _number(2, FLOAT) + _message(8, name.encode()) + _message(9, raw)


def _value(name: str, shape: Sequence[int | str], kind: int) -> bytes:
    dims = b"".join(
        _message(1, _message(2, one.encode()) if isinstance(one, str) else _number(1, one)) for one in shape
    )
    tensor = _number(1, kind) + _message(2, dims)
    return _message(1, name.encode()) + _message(2, _message(1, tensor))
