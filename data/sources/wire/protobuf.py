"""Protocol buffers without their descriptions: numbered fields of a message, one level at a time.

Form: protobuf.dev/programming-guides/encoding. Nothing is copied: values are views of the message, and what nobody
asks for is stepped over, so that megabytes of pictures beside the wanted field cost nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from data.sources.wire.errors import WireError

Value = int | memoryview
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10
_MASK = 2**64 - 1


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """(number, value) of every field in order: a varint as it stands, anything else as its bytes. Raises WireError.

    >>> [(number, bytes(value)) for number, value in fields(memoryview(bytes([0x12, 2, 104, 105])))]
    [(2, b'hi')]
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, form = tag >> 3, tag & 7
        if form == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if form == _LENGTH:
            length, at = _varint(message, at)
        elif form in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if form == _EIGHT_BYTES else 4
        else:
            raise WireError(f"field {number} at byte {at} is of form {form}, which is not read")
        if length > len(message) - at:
            raise WireError(
                f"field {number} at byte {at} says {length:,} bytes, {len(message) - at:,} are left"
            )
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_MOST_VARINT_BYTES):
        if at + place >= len(message):
            raise WireError(f"a number at byte {at} is cut")
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follow
            return value & _MASK, at + place + 1
    raise WireError(f"a number at byte {at} has no end")


def signed(value: Value) -> int:
    """An int32, int64 or enum.

    >>> signed(2**64 - 5)
    -5
    """
    if not isinstance(value, int):
        raise WireError("a number is written as bytes")
    return value - 2**64 if value >= 2**63 else value


def inner(value: Value) -> memoryview:
    """A message, text or bytes inside of a message."""
    if isinstance(value, int):
        raise WireError(f"a message is written as the number {value}")
    return value


def text(value: Value) -> str:
    """A string. Raises WireError where it is not UTF-8."""
    try:
        return str(inner(value), "utf-8")
    except UnicodeDecodeError as error:
        raise WireError(f"a text is not UTF-8: {error}") from error


def double(value: Value) -> float:
    """A double."""
    return float(_unpacked("<d", value))


def single(value: Value) -> float:
    """A float."""
    return float(_unpacked("<f", value))


def _unpacked(form: str, value: Value) -> float:
    try:
        (number,) = struct.unpack(form, inner(value))
    except struct.error as error:
        raise WireError(f"a number has {len(inner(value))} bytes") from error
    return float(number)
