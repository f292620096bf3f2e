"""DriveLM's questions and answers on nuScenes: one JSON object of scenes.

Form: github.com/OpenDriveLab/DriveLM (docs/data_prep_nus.md): scene token -> `scene_description` and `key_frames`,
sample token -> `QA`, kind -> list of `Q` and `A`; `image_paths` names the pictures of the six cameras. Frames are found
by the front camera's picture, from `samples/` on, which nuScenes names once in the world.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data.errors import SourceError
from data.nuscenes.tables import CAMERA
from data.sources.texts.said import Said, in_one_line

NAME = "DriveLM"
KEY_FRAMES = "key_frames"
_MOST_BYTES = 2_000_000_000


def read_drivelm(file: Path) -> Iterator[Said]:
    """Every answer with its question, frame by frame. Raises SourceError."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise SourceError(f"{file} has more than {_MOST_BYTES:,} bytes.")
        scenes = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"The texts {file} cannot be read as JSON: {error}.") from error
    for scene, value in _object(scenes, file.name).items():
        place = f"{file.name}, scene {in_one_line(scene)}"
        for token, frame in _object(_object(value, place).get(KEY_FRAMES), f"{place}, {KEY_FRAMES}").items():
            yield from _of_frame(
                frame, f"{place}, frame {in_one_line(token)}", value.get("scene_description")
            )


def _of_frame(frame: object, place: str, description: object) -> Iterator[Said]:
    found = _object(frame, place)
    picture = _picture(_object(found.get("image_paths"), f"{place}, image_paths").get(CAMERA), place)
    if isinstance(description, str) and description.strip():
        yield Said(picture, description)
    for kind, answers in _object(found.get("QA"), f"{place}, QA").items():
        if not isinstance(answers, list):
            raise SourceError(f"{place}, {in_one_line(kind)} is {in_one_line(answers)}, which is no list.")
        for number, answer in enumerate(answers, start=1):
            yield Said(picture, _words(answer, f"{place}, {in_one_line(kind)} {number}"))


def _words(answer: object, place: str) -> str:
    found = _object(answer, place)
    question, words = found.get("Q"), found.get("A")
    if not isinstance(question, str) or not isinstance(words, str) or not words.strip():
        raise SourceError(
            f"{place} has the question {in_one_line(question)} and the answer {in_one_line(words)}."
        )
    return f"{question}\n{words}"


def _picture(path: object, place: str) -> str:
    if not isinstance(path, str) or "samples/" not in path:
        raise SourceError(f"{place} names no picture of {CAMERA} below samples/, but {in_one_line(path)}.")
    return path[path.rindex("samples/") :]


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SourceError(f"{place} is {in_one_line(value)}, which is no object.")
    return value
