"""Where the images of a store's sampled frames lie."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import col, select

from data.store.opening import Store
from data.store.tables import Dataset, Frame, SampledFrame, Scene


def stored_images(store: Store) -> list[Path]:
    """Paths of the sampled frames that are not set aside, by scene and time."""
    query = (
        select(Dataset.dataroot, Frame.filename)
        .join(Scene, col(Scene.dataset_id) == Dataset.id)
        .join(Frame, col(Frame.scene_id) == Scene.id)
        .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
        .where(col(Frame.set_aside).is_(None))
        .order_by(Frame.scene_id, col(Frame.position))
    )
    with store.read() as session:
        return [Path(dataroot) / filename for dataroot, filename in session.exec(query)]
