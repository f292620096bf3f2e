"""CRC-32C (Castagnoli), as record files carry it, at the speed of NumPy: 2 MB in 40 ms, where a loop takes a second.

A CRC without its start and end values is linear over GF(2). The bytes are cut into lanes that are worked on side by
side, and what lanes add up to is folded pair by pair with the operator that appends zero bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]
_POLYNOMIAL = np.uint32(0x82F63B78)
_ALL = 0xFFFFFFFF
_BITS = np.arange(32, dtype=np.uint32)
_LANE_BYTES = 512


def _table() -> Words:
    words = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        words = np.where(words & 1, words >> 1 ^ _POLYNOMIAL, words >> 1).astype(np.uint32)
    return words


_TABLE = _table()


def crc32c(content: bytes | memoryview) -> int:
    """The CRC-32C of some bytes.

    >>> hex(crc32c(b"123456789")), hex(crc32c(bytes(32))), crc32c(b"")
    ('0xe3069283', '0x8a9136aa', 0)
    """
    octets = np.frombuffer(content, dtype=np.uint8)
    lanes = 1 << max(0, (len(octets) // _LANE_BYTES).bit_length())
    width = -(-len(octets) // lanes)
    padded = np.zeros(lanes * width, dtype=np.uint8)  # zeros in front change nothing
    padded[len(padded) - len(octets) :] = octets
    words = np.zeros(lanes, dtype=np.uint32)
    for column in np.ascontiguousarray(padded.reshape(lanes, width).T):
        words = _TABLE[(words ^ column) & 0xFF] ^ (words >> 8)
    shift = _zeros_operator(width)
    while len(words) > 1:
        words = _applied(shift, words[::2]) ^ words[1::2]
        shift = _applied(shift, shift)
    start = _applied(_zeros_operator(len(octets)), np.array([_ALL], dtype=np.uint32))
    return int(words[0] ^ start[0]) ^ _ALL


def masked_crc32c(content: bytes | memoryview) -> int:
    """The same, rotated and moved, as TFRecord files store it."""
    value = crc32c(content)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & _ALL


def _applied(operator: Words, words: Words) -> Words:
    """`operator`: what each of 32 bits becomes."""
    bits = words[:, None] >> _BITS & 1
    images: Words = np.where(bits, operator, np.uint32(0)).astype(np.uint32)
    folded: Words = np.bitwise_xor.reduce(images, axis=1)
    return folded


def _zeros_operator(n: int) -> Words:
    """What n zero bytes make of a CRC."""
    whole = (np.uint32(1) << _BITS).astype(np.uint32)
    power = (_TABLE[whole & 0xFF] ^ (whole >> 8)).astype(np.uint32)
    while n:
        if n & 1:
            whole = _applied(power, whole)
        power, n = _applied(power, power), n >> 1
    return whole
