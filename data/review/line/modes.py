"""In which mode a person sees a frame."""

from __future__ import annotations

from collections.abc import Mapping

from data.hashing import keyed_chance
from data.vocabulary import Mode, Split

MODE_SHARES: Mapping[Mode, float] = {Mode.ASSISTED: 0.8, Mode.DECIDE_FIRST: 0.1, Mode.BLIND: 0.1}
"""Shares of training frames; held-out frames are always blind."""


def assign_mode(
    key: bytes, frame_id: str, person_id: int, split: Split, *, shares: Mapping[Mode, float] | None = None
) -> Mode:
    """The mode in which this person sees this frame: the same whenever it is asked, and only the store's key can tell
    it, so that a frame that is blind for another reason looks like any other."""
    if split is Split.HELD_OUT:
        return Mode.BLIND
    place, edge = keyed_chance(key, "mode", frame_id, person_id), 0.0
    for mode, share in (shares or MODE_SHARES).items():
        edge += share
        if place < edge:
            return mode
    return Mode.ASSISTED
