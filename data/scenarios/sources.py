"""Which real frames a scenario can start from, and which of them are taken: seeded, one per scene."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from data.errors import ScenarioError
from data.scenarios.catalogue import Scenario, Shown
from data.store.tables import Dataset, Frame, SampledFrame, Scene
from data.vocabulary import Split


@dataclass(frozen=True)
class SourceFrame:
    """A usable sampled real frame, with what the catalogue looks at."""

    frame: Frame
    scene: Scene
    dataset: Dataset
    shown: Shown


@dataclass(frozen=True)
class Pick:
    """A frame that is to become a scenario."""

    scenario: Scenario
    candidate: SourceFrame


def find_candidates(session: Session, split: Split) -> list[SourceFrame]:
    """Every usable sampled real frame of a side that has pictures around it: those of nuScenes' tables."""
    query = (
        select(Frame, Scene, Dataset)
        .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(
            SampledFrame.split == split,
            col(Frame.set_aside).is_(None),
            col(Frame.generated_clip_id).is_(None),
            col(Dataset.version).is_not(None),
        )
        .order_by(Frame.id)
    )
    found = [SourceFrame(*row, shown_by(row[0], row[1])) for row in session.exec(query).all()]
    if not found:
        raise ScenarioError(f"No {split.value} frame has been sampled yet. Run `teletriage sample` first.")
    return found


def shown_by(frame: Frame, scene: Scene) -> Shown:
    """What the catalogue looks at."""
    return Shown(frozenset(frame.cues), frame.boxes, scene.description, frame.pixels)


def pick_sources(candidates: Sequence[SourceFrame], scenario: Scenario, clips: int, seed: int) -> list[Pick]:
    """Up to `clips` frames that the scenario can start from, in seeded random order, one per scene."""
    fitting = [one for one in candidates if scenario.can_start_from(one.shown)]
    random.Random(f"{seed}|{scenario.key}").shuffle(fitting)
    by_scene = {one.scene.id: one for one in reversed(fitting)}
    chosen = [one for one in fitting if by_scene[one.scene.id] is one][:clips]
    return [Pick(scenario, one) for one in chosen]
