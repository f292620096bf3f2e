"""The scripted student: short zero-shot answers that lean to AUTONOMY, and two failures."""

from __future__ import annotations

import hashlib
import json

from data.demo.actors import actors_in_words
from data.demo.drawing.world import FRAMES_PER_SCENE, DemoScene
from data.demo.drives.scenes import scenes
from data.demo.truth import assessment
from data.vocabulary import TriageLevel

A, S, T = TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION
FrameKey = tuple[str, int]

SAID_OF: dict[TriageLevel, tuple[tuple[TriageLevel, float], ...]] = {
    A: ((A, 0.92), (S, 0.08)),
    S: ((A, 0.70), (S, 0.27), (T, 0.03)),
    T: ((A, 0.65), (S, 0.27), (T, 0.08)),
}
PLAIN_PROSE = ("scene-9004", 3)
SILENCE = ("scene-9010", 12)
RUN_OF_FRAMES = 3

OPENINGS: dict[TriageLevel, tuple[str, ...]] = {
    A: (
        "The road ahead looks normal.",
        "Normal traffic scene.",
        "The vehicle can continue.",
        "The lane is visible.",
    ),
    S: ("The scene needs some attention.", "Conditions are not ideal.", "There is some risk ahead."),
    T: ("The road ahead is not safe.", "The vehicle should stop."),
}
ACTIONS: dict[TriageLevel, str] = {A: "Continue driving.", S: "Monitor the scene.", T: "Take over control."}


def student_levels() -> dict[FrameKey, TriageLevel]:
    """What the student says of each frame: fixed shares per true level, handed out in runs of frames."""
    by_truth: dict[TriageLevel, list[FrameKey]] = {A: [], S: [], T: []}
    for scene in scenes():
        for frame in range(FRAMES_PER_SCENE):
            by_truth[assessment(scene, frame).level].append((scene.name, frame))
    said: dict[FrameKey, TriageLevel] = {}
    for truth, keys in by_truth.items():
        said |= _handed_out(sorted(keys, key=_run_order), SAID_OF[truth])
    return said


def _run_order(key: FrameKey) -> tuple[str, int]:
    run = f"student/{key[0]}/{key[1] // RUN_OF_FRAMES}"
    return (hashlib.sha256(run.encode()).hexdigest(), key[1])


def _handed_out(
    keys: list[FrameKey], shares: tuple[tuple[TriageLevel, float], ...]
) -> dict[FrameKey, TriageLevel]:
    said: dict[FrameKey, TriageLevel] = {}
    start, reached = 0, 0.0
    for level, share in shares:
        reached += share
        end = round(reached * len(keys))
        said |= dict.fromkeys(keys[start:end], level)
        start = end
    return said


def student_raw(scene: DemoScene, frame: int, level: TriageLevel) -> str:
    """What the student writes: one short JSON object, plain prose once, nothing once."""
    openings = OPENINGS[level]
    seen = actors_in_words(scene, frame).split(";")[0].split(". ")[0].rstrip(".")
    reasoning = f"{openings[frame % len(openings)]} {seen}."
    if (scene.name, frame) == SILENCE:
        return ""
    if (scene.name, frame) == PLAIN_PROSE:
        return f"{reasoning} I would say the car can drive on by itself here."
    return json.dumps(
        {"level": level.value, "reasoning": reasoning, "action": ACTIONS[level]}, separators=(",", ":")
    )
