"""Scripted model replies to the demo frames, with planted errors and failures of the kinds that matter.

The teacher thinks, then answers, and slips where its narrative says so. The student answers briefly and
leans to AUTONOMY. Both are wrong in runs of neighbouring frames, as models are.
"""

from __future__ import annotations

import json

from data.demo.actors import actors_in_words
from data.demo.drawing.world import FRAMES_PER_SCENE, DemoScene
from data.demo.drives.narratives import Narrative
from data.demo.drives.scenes import scenes
from data.demo.planted import HAZARD_INSTEAD, INVENTED, LEFT_OUT, SAID_INSTEAD
from data.demo.student import student_levels, student_raw
from data.demo.truth import NARRATIVES, assessment, with_distance
from data.vocabulary import Assessment, ModelRole

TEACHER_MODEL = "scripted-teacher"
STUDENT_MODEL = "scripted-student"
CUT_WHILE_THINKING = ("scene-9012", 12)
UNKNOWN_LEVEL = ("scene-9007", 3)
CUT_IN_JSON = ("scene-9009", 18)


def scripted_replies(role: ModelRole) -> list[dict[str, str]]:
    """One row for each frame: filename, role, model, raw. Only the teacher and the student are scripted."""
    if role is ModelRole.TEACHER:
        return [_row(scene, k, role, TEACHER_MODEL, teacher_raw(scene, k)) for scene, k in _frames()]
    if role is ModelRole.STUDENT:
        levels = student_levels()
        return [
            _row(scene, k, role, STUDENT_MODEL, student_raw(scene, k, levels[scene.name, k]))
            for scene, k in _frames()
        ]
    raise ValueError(f"No replies are scripted for the role {role.value!r}; use teacher or student.")


def _frames() -> list[tuple[DemoScene, int]]:
    return [(scene, frame) for scene in scenes() for frame in range(FRAMES_PER_SCENE)]


def _row(scene: DemoScene, frame: int, role: ModelRole, model: str, raw: str) -> dict[str, str]:
    return {"filename": scene.filename(frame), "role": role.value, "model": model, "raw": raw}


def teacher_raw(scene: DemoScene, frame: int) -> str:
    """What the teacher writes: its thoughts, then one JSON object; or one of the three failures."""
    said = _said(scene, frame)
    thoughts = f"<think>\n{_thoughts(scene, frame)}"
    if (scene.name, frame) == CUT_WHILE_THINKING:
        return thoughts.rsplit(" ", 4)[0]
    level = "CAUTION" if (scene.name, frame) == UNKNOWN_LEVEL else said.level.value
    answer = json.dumps(
        {"level": level, "reasoning": said.reasoning, "action": said.action}, separators=(",", ":")
    )
    if (scene.name, frame) == CUT_IN_JSON:
        answer = answer[: answer.index('"reasoning"') + 30]
    return f"{thoughts}\n</think>\n\n{answer}"


def _said(scene: DemoScene, frame: int) -> Assessment:
    slip = NARRATIVES[scene.name].slip(frame)
    if (scene.name, frame) in LEFT_OUT:
        reasoning, action = SAID_INSTEAD
        return Assessment(reasoning=reasoning, level=assessment(scene, frame).level, action=action)
    if slip is None:
        return assessment(scene, frame)
    reasoning = with_distance(slip.reasoning, scene, frame, slip.about)
    return Assessment(reasoning=reasoning, level=slip.level, action=slip.action)


def _thoughts(scene: DemoScene, frame: int) -> str:
    narrative = NARRATIVES[scene.name]
    slip = narrative.slip(frame)
    unseen, hazard = (slip.unseen, slip.hazard) if slip else ((), narrative.phase(frame).hazard)
    if (scene.name, frame) in LEFT_OUT:
        unseen, hazard = LEFT_OUT[scene.name, frame], HAZARD_INSTEAD
    invented = f" {said}" if (said := INVENTED.get((scene.name, frame))) else ""
    actors = actors_in_words(scene, frame, unseen)
    return f"{_setting(narrative, frame)} {_motion(scene, frame)} {actors}{invented} Hazard: {hazard}"


def _setting(narrative: Narrative, frame: int) -> str:
    return narrative.settings[frame % len(narrative.settings)]


def _motion(scene: DemoScene, frame: int) -> str:
    """The ego vehicle's speed in words, from the metres of half a second."""
    step = scene.steps_m[frame]
    if step < 0.1:
        return "The ego vehicle stands."
    return f"The ego vehicle drives at about {round(step * 2 * 3.6)} km/h."
