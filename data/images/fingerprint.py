"""How a picture looks, in 256 bits, so that two of one view are found though their bytes differ. Pure.

The signs of the low frequencies of the picture's brightness against their median, as perceptual hashes by discrete
cosine transform do (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions", pHash), with
16 x 16 frequencies in place of 8 x 8: two views of one street differ in detail.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE_PX = 64
FREQUENCIES = 16
BITS = FREQUENCIES * FREQUENCIES
NEAR_BITS = 20
"""Two pictures that differ in at most so many bits show one view. Copies of 11 real and 240 drawn frames, re-encoded,
scaled, darkened or cropped by 1 %, differ in up to 18 bits; frames of different drives in 60 and more."""
FLAT_LUMA = 2.0
_BLOCK = 2048
_COARSE = 64

Floats = npt.NDArray[np.float32]
Pairs = list[tuple[int, int]]


def fingerprint(luma: npt.NDArray[np.float32]) -> str:
    """64 hexadecimal digits for a picture's brightness (height, width), 0..255; empty for a picture so flat that
    noise would decide."""
    from scipy.fft import dctn  # noqa: PLC0415 - only reading images pays for it

    image = Image.fromarray(luma.astype(np.float32)).resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    small = np.asarray(image, dtype=np.float32)
    if float(small.std()) < FLAT_LUMA:
        return ""
    low = np.asarray(dctn(small, norm="ortho"))[: FREQUENCIES + 1, : FREQUENCIES + 1][1:, 1:]
    return np.packbits(low > np.median(low)).tobytes().hex()


def distance(one: str, other: str) -> int:
    """In how many of the 256 bits two fingerprints differ.

    >>> distance("ff" * 32, "ff" * 31 + "f0")
    4
    """
    return (int(one, 16) ^ int(other, 16)).bit_count()


def near_pairs(first: Sequence[str], second: Sequence[str]) -> Pairs:
    """Every (index into first, index into second) whose pictures show one view, in that order.

    A product of matrices of +1 and -1 counts equal bits for whole blocks at once: first of the 64 coarsest
    frequencies, then of all 256 where those are near. Flat pictures are near to nothing.
    """
    kept, other_kept = ([place for place, one in enumerate(side) if one] for side in (first, second))
    if not kept or not other_kept:
        return []
    signs, other = _signs([first[place] for place in kept]), _signs([second[place] for place in other_kept])
    coarse = np.ascontiguousarray(other[:, _coarsest()].T)
    found: Pairs = []
    for begin in range(0, len(signs), _BLOCK):
        block = signs[begin : begin + _BLOCK]
        equal = block[:, _coarsest()] @ coarse
        rows, columns = np.nonzero(equal >= _COARSE - 2 * NEAR_BITS)
        bits = (BITS - np.einsum("ij,ij->i", block[rows], other[columns])) / 2
        near = bits <= NEAR_BITS
        found += [
            (kept[begin + int(row)], other_kept[int(column)])
            for row, column in zip(rows[near], columns[near], strict=True)
        ]
    return found


def _signs(fingerprints: Sequence[str]) -> Floats:
    """(pictures, 256) of +1 and -1."""
    packed = np.frombuffer(bytes.fromhex("".join(fingerprints)), dtype=np.uint8).reshape(-1, BITS // 8)
    return np.unpackbits(packed, axis=1).astype(np.float32) * 2 - 1


def _coarsest() -> npt.NDArray[np.intp]:
    """The places of the 8 x 8 lowest frequencies among the 256."""
    grid = np.arange(BITS).reshape(FREQUENCIES, FREQUENCIES)
    return np.asarray(grid[:8, :8].ravel())
