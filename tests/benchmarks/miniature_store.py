"""A workspace of drawn roads: frames, what people said of them, and what is frozen of it.

Two people judge each frame blind, each as the posterior says; the first one's level is the one that the road was drawn
with. Where the second says another, a lead settles it for the first, so that what is verified follows the posterior and
how far people agree is known of every frame.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from data.demo.miniature.frames import HEIGHT_PX, WIDTH_PX
from data.demo.miniature.roads import HELD_OUT, Road, posterior
from data.demo.miniature.words import peoples_words
from data.hashing import file_hash
from data.images.inspection import inspect_image
from data.review.guideline import guideline_version
from data.store.opening import Store, open_store
from data.store.tables import (
    Adjudication,
    Dataset,
    Frame,
    FrameStatus,
    Person,
    Review,
    SampledFrame,
    Sampling,
    Scene,
)  # fmt: skip
from data.vocabulary import LEVELS, Mode, PersonRole, Split, TriageLevel, VerificationState

_FIRST, _SECOND, _LEAD = 1, 2, 3


def miniature_store(workspace: Path, roads: Sequence[Road], pictures: Sequence[Path]) -> Store:
    """A store in which every road is verified; roads below `HELD_OUT` are held out. Each road is a scene of its own."""
    store = open_store(workspace, create=True)
    seconds = [_second_level(road) for road in roads]
    with store.write() as session:
        connection = session.connection()
        for table, rows in _tables(roads, pictures, seconds):
            if found := list(rows):
                connection.execute(insert(table), found)
    return store


def frame_id(road: Road) -> str:
    """The id of a road's frame."""
    return f"{road.number:032x}"


def _second_level(road: Road) -> TriageLevel:
    return random.Random(f"second/{road.number}").choices(LEVELS, posterior(road.situation))[0]


def _tables(
    roads: Sequence[Road], pictures: Sequence[Path], seconds: Sequence[TriageLevel]
) -> Iterator[tuple[Any, Iterator[dict[str, Any]]]]:
    folder = pictures[0].parent
    yield (
        Dataset,
        iter(
            [{"id": 1, "name": "miniature", "kind": "nuscenes", "dataroot": str(folder), "ingested_at_us": 1}]
        ),
    )
    yield Scene, (_scene(road) for road in roads)
    yield Frame, (_frame(road, picture) for road, picture in zip(roads, pictures, strict=True))
    yield Sampling, iter([{"id": 1, "seed": 0, "parameters": {}, "sampled_at_us": 1}])
    yield SampledFrame, (_sampled(road) for road in roads)
    yield Person, iter([_person(_FIRST), _person(_SECOND), _person(_LEAD, PersonRole.LEAD)])
    yield Review, (_review(road, _FIRST, road.level) for road in roads)
    yield Review, (_review(road, _SECOND, said) for road, said in zip(roads, seconds, strict=True))
    yield (
        Adjudication,
        (_settled(road) for road, said in zip(roads, seconds, strict=True) if said is not road.level),
    )
    yield FrameStatus, (_status(road) for road in roads)


def _split(road: Road) -> Split:
    return Split.HELD_OUT if road.number < HELD_OUT else Split.TRAIN


def _scene(road: Road) -> dict[str, Any]:
    names = {"id": f"road-{road.number:06}", "name": f"road-{road.number:06}", "description": "A drawn road."}
    where = {"log_name": "drawn", "location": "drawn", "utc_offset_min": 0}
    return {**names, **where, "dataset_id": 1, "split": _split(road)}


def _frame(road: Road, picture: Path) -> dict[str, Any]:
    return {
        "id": frame_id(road),
        "scene_id": f"road-{road.number:06}",
        "position": 0,
        "captured_at_us": road.number,
        "filename": picture.name,
        "width_px": WIDTH_PX,
        "height_px": HEIGHT_PX,
        "image_sha256": file_hash(picture),
        "image_fingerprint": inspect_image(picture).fingerprint,
        "boxes": {},
        "cues": {},
    }


def _sampled(road: Road) -> dict[str, Any]:
    drawn = {"sampling_id": 1, "inclusion_probability": 1.0}
    return {"frame_id": frame_id(road), "split": _split(road), **drawn}


def _person(number: int, role: PersonRole = PersonRole.ANNOTATOR) -> dict[str, Any]:
    name = f"scripted-{number}"
    flags = {"is_scripted": True, "is_disabled": False, "created_at_us": 1}
    return {"id": number, "name": name, "display_name": name, "role": role, **flags}


def _review(road: Road, person: int, level: TriageLevel) -> dict[str, Any]:
    words = peoples_words(road.situation, level)
    return {
        "token": f"{road.number}-{person}",
        "frame_id": frame_id(road),
        "person_id": person,
        "mode": Mode.BLIND,
        "level": level,
        "reasoning": words.reasoning,
        "action": words.action,
        "guideline_version": guideline_version(),
        "reviewed_at_us": 10 * road.number + person,
    }


def _settled(road: Road) -> dict[str, Any]:
    words = peoples_words(road.situation, road.level)
    return {
        "frame_id": frame_id(road),
        "person_id": _LEAD,
        "level": road.level,
        "reasoning": words.reasoning,
        "action": words.action,
        "reason": "The first of the two is right.",
        "adjudicated_at_us": 10 * road.number + _LEAD,
    }


def _status(road: Road) -> dict[str, Any]:
    verified = {"state": VerificationState.VERIFIED, "level": road.level}
    place = {"reviews_needed": 0, "priority": 0.0, "priority_terms": {}, "is_audit": False}
    return {"frame_id": frame_id(road), "split": _split(road), **verified, **place}
