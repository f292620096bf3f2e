"""Frames whose picture was erased stay so, whatever is ingested later."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from data.store.tables import Frame
from data.vocabulary import SetAside


def is_due_again(reason: SetAside | None, *, recheck: bool) -> bool:
    """Whether an ingest reads the picture of a frame that it knows: of one set aside it may have come since, of one
    that was erased nobody asks.

    >>> [is_due_again(one, recheck=True) for one in (None, SetAside.IMAGE_MISSING, SetAside.ERASED)]
    [True, True, False]
    """
    return reason is not SetAside.ERASED and (recheck or reason is not None)


def why_erased(frame: Frame) -> str | None:
    """What is shown in place of an erased picture; None for any other frame."""
    return f"Erased: {frame.set_aside_detail}" if frame.set_aside is SetAside.ERASED else None


def why_aside(frame: Frame) -> str | None:
    """What is shown in place of the picture of a frame that is set aside; None for one that is not."""
    if frame.set_aside is None:
        return None
    return why_erased(frame) or f"Set aside: {frame.set_aside_detail or frame.set_aside.value}"


def stay_erased(session: Session, rows: Sequence[Frame]) -> None:
    """Set new frames aside whose very picture was erased under another id."""
    hashes = [row.image_sha256 for row in rows if row.image_sha256]
    query = select(Frame.image_sha256, Frame.set_aside_detail).where(
        Frame.set_aside == SetAside.ERASED, col(Frame.image_sha256).in_(hashes)
    )
    erased = dict(session.exec(query).all())
    for row in rows:
        if row.image_sha256 in erased:
            row.set_aside, row.set_aside_detail = SetAside.ERASED, erased[row.image_sha256]
