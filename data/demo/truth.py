"""The demo's true assessments: level, reasoning and action of every frame, known to the generator alone."""

from __future__ import annotations

from data.demo.boxes import distance_m
from data.demo.drawing.world import FRAMES_PER_SCENE, DemoScene
from data.demo.drives import day_narratives, dusk_narratives, fog_narratives, night_narratives
from data.demo.drives.narratives import Narrative, Phase
from data.demo.drives.scenes import scenes
from data.vocabulary import Assessment

NARRATIVES: dict[str, Narrative] = {
    "scene-9001": day_narratives.FOLLOWING,
    "scene-9002": day_narratives.ROAD_WORKS,
    "scene-9003": day_narratives.JUNCTION,
    "scene-9004": dusk_narratives.LOW_SUN,
    "scene-9005": dusk_narratives.OFFICER,
    "scene-9006": dusk_narratives.DEER,
    "scene-9007": night_narratives.AFTER_RAIN,
    "scene-9008": night_narratives.FALLEN_TREE,
    "scene-9009": night_narratives.ACCIDENT,
    "scene-9010": fog_narratives.FOG,
    "scene-9011": fog_narratives.FLAGGER,
    "scene-9012": fog_narratives.RAIN,
}


def true_assessments() -> dict[str, Assessment]:
    """The true assessment of each frame by image filename, as in sample_data.filename."""
    return {
        scene.filename(frame): assessment(scene, frame)
        for scene in scenes()
        for frame in range(FRAMES_PER_SCENE)
    }


def assessment(scene: DemoScene, frame: int) -> Assessment:
    """What is true of one frame."""
    phase = NARRATIVES[scene.name].phase(frame)
    return Assessment(
        reasoning=with_distance(fitting(scene, frame, phase), scene, frame, phase.about),
        level=phase.level,
        action=phase.actions[frame // 3 % len(phase.actions)],
    )


def fitting(scene: DemoScene, frame: int, phase: Phase) -> str:
    """The phase's text for a frame; one that names a distance only while its thing is ahead."""
    ahead = _ahead(scene, frame, phase.about)
    texts = [text for text in phase.reasonings if ahead or "{d}" not in text]
    return texts[frame % len(texts)]


def with_distance(text: str, scene: DemoScene, frame: int, about: str) -> str:
    """The text with `{d}` replaced by the metres to the thing it is about."""
    if "{d}" not in text:
        return text
    thing = next(thing for thing in scene.things if thing.name == about)
    return text.replace("{d}", str(round(distance_m(scene, thing, frame))))


def _ahead(scene: DemoScene, frame: int, name: str) -> bool:
    things = [thing for thing in scene.things if thing.name == name and thing.present(frame)]
    return any(thing.at(frame).along_m > scene.ego_along_m(frame) + 4 for thing in things)
