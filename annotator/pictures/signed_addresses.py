"""Addresses of frame images that only the person they were made for can open, and only for a while.

The signature covers frame, file, person, width and the hour of expiry; within an hour an address stays the same, so
that the browser can keep the picture.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from data.hashing import is_same, signature
from data.store.opening import Store

HOUR_S = 3600
FULL_PX = 0
"""Asks for the picture in its own resolution."""
SMALL_PX, SCREEN_PX = 400, 960
"""For strips and on screen. A quarter of nuScenes' 1600: a JPEG decodes to that size by itself, three times as fast as
to any width near it."""
WIDTHS_PX = (FULL_PX, SMALL_PX, SCREEN_PX, 1600)


@dataclass(frozen=True)
class ImageRequest:
    """A frame image that a signed address asks for; `file`: another picture of the frame's moment, named relative to
    its dataroot, empty for the frame's own."""

    frame_id: str
    person_id: int
    width_px: int
    file: str = ""


@lru_cache(maxsize=8)
def image_key(store: Store) -> bytes:
    """The store's key for addresses. It never changes, so it is read once and not with every picture."""
    return store.secret("images")


def image_address(key: bytes, request: ImageRequest, *, now_s: float | None = None) -> str:
    """The address below the app's own root, good for one to two hours."""
    until = (int(now_s if now_s is not None else time.time()) // HOUR_S + 2) * HOUR_S
    file = f"&f={quote(request.file, safe='')}" if request.file else ""
    return (
        f"frame/{request.frame_id}.jpg?p={request.person_id}&w={request.width_px}&e={until}"
        f"&s={_signature(key, request, until)}{file}"
    )


def checked_request(
    key: bytes, frame_id: str, query: Mapping[str, str], *, now_s: float | None = None
) -> ImageRequest | None:
    """The request if its signature is right and its time has not run out, else None."""
    try:
        request = ImageRequest(frame_id, int(query["p"]), int(query["w"]), query.get("f", ""))
        until, given = int(query["e"]), query["s"]
    except (KeyError, ValueError):
        return None
    if until <= (now_s if now_s is not None else time.time()) or request.width_px not in WIDTHS_PX:
        return None
    expected = _signature(key, request, until)
    return request if is_same(given, expected) else None


def _signature(key: bytes, request: ImageRequest, until: int) -> str:
    file = (request.file,) if request.file else ()
    return signature(key, "image", request.frame_id, request.person_id, request.width_px, until, *file)
