"""CDR, as ROS 2 writes messages, and the plainer form of ROS 1: values one after the other, read in their order.

Form: OMG DDS-XTypes 1.3, chapter 7.4 (PLAIN_CDR and PLAIN_CDR2, both byte orders); wiki.ros.org/msg for ROS 1.
"""

from __future__ import annotations

import struct

from data.sources.wire.errors import WireError

_HEADER_BYTES = 4
_FORMS = {0: (">", 8), 1: ("<", 8), 6: (">", 4), 7: ("<", 4)}
"""Byte order and the widest alignment, by the first two bytes."""


class Values:
    """The values of one message. `size` bytes each are aligned to `size`, to `widest` at most; 1: to nothing."""

    def __init__(self, content: memoryview, *, order: str, widest: int, ends_in_nul: bool) -> None:
        self._content, self._order, self._widest = content, order, widest
        self._ends_in_nul, self._at = ends_in_nul, 0

    def number(self, form: str) -> float:
        """The next number, by its letter in `struct`."""
        size = struct.calcsize(f"={form}")
        self._align(size)
        (value,) = struct.unpack(f"{self._order}{form}", self._take(size))
        return float(value) if form in "fd" else int(value)

    def whole(self, form: str) -> int:
        """The next whole number."""
        return int(self.number(form))

    def text(self) -> str:
        """The next string; what is not UTF-8 is replaced."""
        content = bytes(self._take(self.whole("I")))
        return (content.removesuffix(b"\0") if self._ends_in_nul else content).decode("utf-8", "replace")

    def octets(self) -> memoryview:
        """The next sequence of bytes."""
        return self._take(self.whole("I"))

    def _align(self, size: int) -> None:
        width = min(size, self._widest)
        self._at += -self._at % width

    def _take(self, size: int) -> memoryview:
        if size > len(self._content) - self._at:
            raise WireError(
                f"byte {self._at} says {size:,} bytes, {max(0, len(self._content) - self._at):,} are left"
            )
        taken = self._content[self._at : self._at + size]
        self._at += size
        return taken


def cdr(message: memoryview) -> Values:
    """A message of ROS 2. Raises WireError for forms other than plain CDR, which no common recorder writes."""
    if len(message) < _HEADER_BYTES:
        raise WireError(f"a message of {len(message)} bytes is too short")
    form = _FORMS.get(int.from_bytes(message[:2], "big"))
    if form is None:
        raise WireError(f"its form is 0x{bytes(message[:2]).hex()}, which is not plain CDR")
    return Values(message[_HEADER_BYTES:], order=form[0], widest=form[1], ends_in_nul=True)


def ros1(message: memoryview) -> Values:
    """A message of ROS 1."""
    return Values(message, order="<", widest=1, ends_in_nul=False)
