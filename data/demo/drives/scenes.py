"""The twelve scenes of the demo dataset, in four drives: who stands where and when."""

from __future__ import annotations

from functools import lru_cache

from data.demo.drawing.world import DemoScene
from data.demo.drives.day_scenes import day_scenes
from data.demo.drives.dusk_scenes import dusk_scenes
from data.demo.drives.fog_scenes import fog_scenes
from data.demo.drives.night_scenes import night_scenes


@lru_cache(maxsize=1)
def scenes() -> tuple[DemoScene, ...]:
    """All scenes in the order of their names."""
    return (*day_scenes(), *dusk_scenes(), *night_scenes(), *fog_scenes())


def scene_named(name: str) -> DemoScene:
    """One scene by its name."""
    return next(scene for scene in scenes() if scene.name == name)
