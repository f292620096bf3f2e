"""Requests of which no two show the same pixels, at no cost: a camera never repeats a frame, and a server that has seen
a picture before answers from its caches.

A JPEG's quantisation table says how large a step of each frequency is. One more on some of them, and the same bytes
decode to other pixels: the picture stays what it is, and nothing is encoded anew.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from data.errors import EvaluationError
from data.images.model_picture import ModelPicture
from data.vlm.kept_connection import Address
from data.vlm.moment import Earlier
from data.vlm.request import SamplingParameters, data_url, one_call_body

_TABLE = b"\xff\xdb"
_FREQUENCIES = 14
"""How many entries are changed: the mean and the lowest frequencies, which every picture of a road has."""
VARIANTS = 2**_FREQUENCIES


def _steps_begin(content: bytes) -> int:
    """Where the steps of the first table (brightness, 8 bit) begin. Raises ValueError."""
    place = content.index(_TABLE) + 4
    if content[place] != 0:
        raise ValueError("its first quantisation table is not that of brightness in 8 bit")
    return place + 1


def varied(content: bytes, variant: int) -> bytes:
    """A JPEG that differs from all other variants (below `VARIANTS`) in its pixels and not in its length."""
    begins = _steps_begin(content)
    changed = bytearray(content[: begins + _FREQUENCIES])
    for frequency in range(_FREQUENCIES):
        step = changed[begins + frequency]
        changed[begins + frequency] = step + (variant >> frequency & 1) if step < 255 else 254  # noqa: PLR2004
    return bytes(changed) + content[begins + _FREQUENCIES :]


@dataclass(frozen=True)
class _Prepared:
    """A request cut around the beginning of each of its pictures, the only parts that differ between variants."""

    cuts: list[tuple[bytes, bytes]]
    after: bytes

    def request(self, variant: int) -> bytes:
        shown = (before + base64.b64encode(varied(head, variant)) for before, head in self.cuts)
        return b"".join(shown) + self.after


class UniqueRequests:
    """Requests about some pictures in turn, each with pixels that no other request has; where the sampling looks back,
    the pictures before one in turn stand for its earlier ones."""

    def __init__(
        self,
        address: Address,
        pictures: Sequence[ModelPicture],
        model: str,
        sampling: SamplingParameters,
        *,
        api_key: str = "none",
    ) -> None:
        due_s = sampling.lookback.due_s
        self._prepared = []
        for place, own in enumerate(pictures):
            before = [pictures[(place - back) % len(pictures)] for back in range(len(due_s), 0, -1)]
            earlier = [Earlier(data_url(one), due) for one, due in zip(before, due_s, strict=True)]
            body = one_call_body(data_url(own), model, sampling, earlier)
            self._prepared.append(_prepare(address.request(body, api_key=api_key), [*before, own]))
        self._sent = 0

    def __call__(self) -> bytes:
        """The next request. Raises EvaluationError when every variant of every picture was sent."""
        turn, place = divmod(self._sent, len(self._prepared))
        if turn == VARIANTS:
            raise EvaluationError(
                f"{self._sent:,} requests were sent and another would repeat a picture; measure for fewer --seconds."
            )
        self._sent += 1
        return self._prepared[place].request(turn)


def _prepare(request: bytes, pictures: Sequence[ModelPicture]) -> _Prepared:
    """Cut where a picture's bytes and their base64 are both cut: at a multiple of three."""
    cuts = []
    for picture in pictures:
        length = -(-(_steps_begin(picture.content) + _FREQUENCIES) // 3) * 3
        head = picture.content[:length]
        before, _, request = request.partition(base64.b64encode(head))
        cuts.append((before, head))
    return _Prepared(cuts, request)
