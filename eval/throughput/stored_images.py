"""Where the images of a store's sampled frames lie."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import col, select

from data.pictures.shown import shown_pictures
from data.store.opening import Store
from data.store.tables import Frame, SampledFrame


def stored_images(store: Store) -> list[Path]:
    """Paths of the sampled frames that are not set aside, by scene and time."""
    query = (
        select(Frame)
        .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
        .where(col(Frame.set_aside).is_(None))
        .order_by(Frame.scene_id, col(Frame.position))
    )
    with store.read() as session:
        pictures = shown_pictures(session)
        return [pictures.of(one).path for one in session.exec(query)]
