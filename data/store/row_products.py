"""One number for a set of rows, whatever their order (pure): rows are multiplied in and divided out.

This is MuHash over the multiplicative group modulo a 3,072-bit prime (Bellare and Micciancio 1997; the prime is
Bitcoin Core's). Adding hashes modulo 2^256 would be shorter and could be forged (Wagner 2002). What is written here is
verified for as long as a store lives: it never changes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BYTES = 384
_BITS, _SHORT = 8 * _BYTES, 1_103_717
_PRIME = (1 << _BITS) - _SHORT
_LOW = (1 << _BITS) - 1


@dataclass
class Seal:
    """Rows that were written and rows that were taken away (a changed row is both): how many, and their product.

    >>> one, other = Seal(), Seal()
    >>> one.add("aa"), one.add("bb"), other.add("bb"), other.add("cc"), other.remove("cc"), other.add("aa")
    (None, None, None, None, None, None)
    >>> (one.product, one.rows) == (other.product, other.rows) == (one.product, 2)
    True
    """

    added: int = 0
    removed: int = 0
    _above: int = 1
    _below: int = 1

    def add(self, row_hash: str) -> None:
        """Multiply a row in by its hash."""
        self.added += 1
        self._above = _times(self._above, _element(row_hash))

    def remove(self, row_hash: str) -> None:
        """Divide a row out by the hash that it had."""
        self.removed += 1
        self._below = _times(self._below, _element(row_hash))

    def take_in(self, other: Seal) -> None:
        """Let another seal of the same rows follow this one."""
        self.added, self.removed = self.added + other.added, self.removed + other.removed
        self._above, self._below = _times(self._above, other._above), _times(self._below, other._below)

    @property
    def rows(self) -> int:
        """How many rows there are if nothing else wrote."""
        return self.added - self.removed

    @property
    def product(self) -> int:
        above = self._above if self._below == 1 else self._above * pow(self._below, -1, _PRIME)
        return above % _PRIME

    def as_details(self) -> dict[str, Any]:
        """The seal as an entry of the trail keeps it."""
        written = base64.b64encode(self.product.to_bytes(_BYTES, "big")).decode()
        return {"added": self.added, "removed": self.removed, "product": written}

    @classmethod
    def of_details(cls, details: Mapping[str, Any]) -> Seal:
        """Raises ValueError, KeyError or TypeError for what is no seal."""
        product = int.from_bytes(base64.b64decode(details["product"], validate=True), "big")
        return cls(int(details["added"]), int(details["removed"]), product)


def _times(one: int, other: int) -> int:
    """The product, reduced as far as two shifts go: 2^3072 is `_SHORT` modulo the prime, and a division is slow."""
    product = one * other
    product = (product & _LOW) + (product >> _BITS) * _SHORT
    return (product & _LOW) + (product >> _BITS) * _SHORT


def _element(row_hash: str) -> int:
    return int.from_bytes(hashlib.shake_256(row_hash.encode()).digest(_BYTES), "big") % _PRIME
