"""A store as large as a long campaign leaves it: 100,000 frames and 500,000 reviews, written straight into the tables.

Levels, errors and disagreements are drawn, seeded; statuses are what the reviews add up to, and most contested frames
have been settled. Nothing here is a measurement of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import insert

from data.store.opening import Store, open_store
from data.store.tables import (
    Adjudication,
    Dataset,
    Frame,
    FrameStatus,
    GoldFrame,
    ModelRun,
    Person,
    Proposal,
    Review,
    SampledFrame,
    Sampling,
    Scene,
)
from data.vocabulary import LEVELS, Cue, Mode, ModelRole, PersonRole, Split, Verdict, VerificationState

FRAMES_A_SCENE = 40
PEOPLE = 20
HELD_OUT_SCENES = 0.1
GROUP = 20_000
NOW_US = 1_790_000_000_000_000
CAMPAIGN_DAYS = 60
_MODES = (Mode.ASSISTED, Mode.DECIDE_FIRST, Mode.BLIND)
_LEVEL_SHARES = (0.49, 0.38, 0.13)
_OTHER_LEVEL_CHANCE = 0.06
_UNSETTLED = 0.05
_GOLD_FRAMES = 400
_PLACES = ("boston-seaport", "singapore-onenorth", "singapore-queenstown", "singapore-hollandvillage")
_WHO = (
    "A pedestrian",
    "A cyclist",
    "A delivery van",
    "A bus",
    "A worker with cones",
    "A child",
    "A parked car",
    "Nobody",
)
_WHERE = (
    "crosses ahead",
    "stands at the kerb",
    "blocks the left lane",
    "waits at the light",
    "turns right",
    "is near the crossing",
)
_REASONS = ("visibility", "construction", "vulnerable_road_user", "lane_blocked")


@dataclass(frozen=True)
class Drawn:
    """What was drawn for every frame: its true level, what the teacher said, and who said what of it."""

    true: npt.NDArray[np.int64]
    proposed: npt.NDArray[np.int64]
    held_out: npt.NDArray[np.bool_]
    frame_of_review: npt.NDArray[np.int64]
    person_of_review: npt.NDArray[np.int64]
    said: npt.NDArray[np.int64]
    mode: npt.NDArray[np.int64]


def large_store(
    workspace: Path, *, frames: int = 100_000, reviews: int = 500_000, url: str | None = None, seed: int = 0
) -> Store:
    """A store of so many frames and reviews; `url` names another database than the workspace's own file."""
    store = open_store(workspace, url=url, create=True)
    drawn = _drawn(np.random.default_rng(seed), frames, reviews)
    now_us = store_now(store)
    with store.write() as session:
        connection = session.connection()
        for table, rows in _tables(drawn, now_us):
            for group in _groups(rows):
                connection.execute(insert(table), group)
        if not store.is_sqlite:
            _continue_numbers(session.connection(), (Review, Proposal, Adjudication, Person))
    return store


def store_now(store: Store) -> int:
    """The store's clock."""
    with store.read() as session:
        return store.now_us(session)


def _drawn(rng: np.random.Generator, frames: int, reviews: int) -> Drawn:
    true = rng.choice(3, size=frames, p=_LEVEL_SHARES)
    wrong = rng.random(frames) < 0.12
    proposed = np.where(wrong, np.clip(true + rng.choice([-1, 1], size=frames), 0, 2), true)
    held_out = (np.arange(frames) // FRAMES_A_SCENE) % 10 == 0
    each = reviews // frames
    frame = np.repeat(np.arange(frames), each)
    first = rng.integers(0, PEOPLE, size=frames)
    person = (np.repeat(first, each) + np.tile(np.arange(each), frames)) % PEOPLE
    off = rng.random(len(frame)) < _OTHER_LEVEL_CHANCE
    said = np.where(off, np.clip(true[frame] + rng.choice([-1, 1], size=len(frame)), 0, 2), true[frame])
    mode = np.where(held_out[frame], 2, rng.choice(3, size=len(frame), p=(0.8, 0.1, 0.1)))
    return Drawn(true, proposed, held_out, frame, person, said, mode)


def _tables(drawn: Drawn, now_us: int) -> Iterator[tuple[Any, Iterator[dict[str, Any]]]]:
    begun_us = now_us - CAMPAIGN_DAYS * 86_400_000_000
    scenes = -(-len(drawn.true) // FRAMES_A_SCENE)
    yield (
        Dataset,
        iter(
            [{"id": 1, "name": "v1.0-large", "kind": "nuscenes", "dataroot": "/", "ingested_at_us": begun_us}]
        ),
    )
    yield Scene, (_scene(n, drawn) for n in range(scenes))
    yield Frame, (_frame(n, drawn) for n in range(len(drawn.true)))
    yield Sampling, iter([{"id": 1, "seed": 0, "parameters": {}, "sampled_at_us": begun_us}])
    yield SampledFrame, (_sampled(n, drawn) for n in range(len(drawn.true)))
    yield Person, (_person(n, begun_us) for n in range(PEOPLE + 1))
    yield ModelRun, (_run(role, begun_us) for role in (ModelRole.TEACHER, ModelRole.STUDENT))
    yield Proposal, _proposals(drawn, begun_us)
    yield Review, _reviews(drawn, begun_us, now_us)
    settled = _settled(drawn)
    yield Adjudication, (_adjudication(place, n, drawn, now_us) for place, n in enumerate(settled))
    yield FrameStatus, _statuses(drawn, set(settled.tolist()))
    yield GoldFrame, (_gold(place, n, drawn, now_us) for place, n in enumerate(settled[:_GOLD_FRAMES]))


def _words(number: int) -> str:
    """Some sentence; each of its halves is in an eighth or a sixth of the texts."""
    return f"{_WHO[number % len(_WHO)]} {_WHERE[number // 3 % len(_WHERE)]}, seen {number % 977} m away."


def _frame_id(number: int) -> str:
    return f"{number:032x}"


def _split(number: int, drawn: Drawn) -> Split:
    return Split.HELD_OUT if drawn.held_out[number] else Split.TRAIN


def _scene(number: int, drawn: Drawn) -> dict[str, Any]:
    return {
        "id": f"scene-{number}",
        "dataset_id": 1,
        "name": f"scene-{number:04d}",
        "description": "Drawn",
        "log_name": f"log-{number // 12}",
        "location": _PLACES[number // 12 % len(_PLACES)],
        "split": _split(number * FRAMES_A_SCENE, drawn),
    }


def _frame(number: int, drawn: Drawn) -> dict[str, Any]:
    cues = {Cue.PEDESTRIAN_NEAR.value: "drawn"} if drawn.true[number] else {}
    by_scene = {Cue.NIGHT: 5, Cue.RAIN: 7, Cue.INTERSECTION: 3}
    cues |= {cue.value: "drawn" for cue, every in by_scene.items() if number // FRAMES_A_SCENE % every == 0}
    return {
        "id": _frame_id(number),
        "scene_id": f"scene-{number // FRAMES_A_SCENE}",
        "position": number % FRAMES_A_SCENE,
        "captured_at_us": number * 500_000,
        "filename": f"samples/CAM_FRONT/{number}.jpg",
        "image_sha256": f"{number:064x}",
        "boxes": {},
        "cues": cues,
        "ego_x_m": 0.0,
        "ego_y_m": 0.0,
    }


def _sampled(number: int, drawn: Drawn) -> dict[str, Any]:
    return {
        "frame_id": _frame_id(number),
        "sampling_id": 1,
        "split": _split(number, drawn),
        "inclusion_probability": 1.0,
    }


def _person(number: int, begun_us: int) -> dict[str, Any]:
    role = PersonRole.LEAD if number == PEOPLE else PersonRole.ANNOTATOR
    name = "lead" if number == PEOPLE else f"annotator-{number:02d}"
    return {
        "id": number + 1,
        "name": name,
        "display_name": name,
        "role": role,
        "is_scripted": False,
        "is_disabled": number == 0,
        "created_at_us": begun_us,
    }


def _run(role: ModelRole, begun_us: int) -> dict[str, Any]:
    return {
        "id": role.value,
        "name": role.value,
        "role": role,
        "model": role.value,
        "source": "drawn",
        "question_hash": "",
        "parameters": {},
        "created_at_us": begun_us,
    }


def _proposals(drawn: Drawn, begun_us: int) -> Iterator[dict[str, Any]]:
    number = 0
    for role in (ModelRole.TEACHER, ModelRole.STUDENT):
        for frame, level in enumerate(drawn.proposed):
            number += 1
            said = int(level) if role is ModelRole.TEACHER else max(0, int(level) - 1)
            chances = [0.1, 0.1, 0.1]
            chances[said] = 0.8
            yield {
                "id": number,
                "run_id": role.value,
                "frame_id": _frame_id(frame),
                "raw": "{}",
                "level": LEVELS[said],
                "reasoning": _words(frame * 7 + said),
                "action": "Watch.",
                "level_probabilities": chances,
                "answered_at_us": begun_us,
            }


def _reviews(drawn: Drawn, begun_us: int, now_us: int) -> Iterator[dict[str, Any]]:
    step_us = (now_us - begun_us) / (len(drawn.said) + 1)
    # People work side by side through the campaign, not scene after scene.
    order = np.random.default_rng(1).permutation(len(drawn.said))
    for place, n in enumerate(order.tolist()):
        frame, mode, level = int(drawn.frame_of_review[n]), _MODES[drawn.mode[n]], LEVELS[drawn.said[n]]
        shown = mode is not Mode.BLIND
        verdict = Verdict.ACCEPT if drawn.said[n] == drawn.proposed[frame] else Verdict.CORRECT
        yield {
            "id": place + 1,
            "token": f"token-{place:012d}",
            "frame_id": _frame_id(frame),
            "person_id": int(drawn.person_of_review[n]) + 1,
            "proposal_id": frame + 1 if shown else None,
            "mode": mode,
            "verdict": verdict if shown else None,
            "level": level,
            "first_level": level if mode is Mode.DECIDE_FIRST else None,
            "reasoning": None if verdict is Verdict.ACCEPT else _words(n),
            "action": None if verdict is Verdict.ACCEPT else "Slow down.",
            "reason_code": None if verdict is Verdict.ACCEPT else _REASONS[n % len(_REASONS)],
            "guideline_version": "drawn",
            "seconds_shown": 0.5 + n % 97 / 10,
            "reviewed_at_us": int(begun_us + place * step_us),
        }


def _spread(drawn: Drawn) -> npt.NDArray[np.bool_]:
    """(frames,) whether the people who count there disagree."""
    high, low = np.full(len(drawn.true), -1), np.full(len(drawn.true), 3)
    np.maximum.at(high, drawn.frame_of_review, drawn.said)
    np.minimum.at(low, drawn.frame_of_review, drawn.said)
    return np.asarray(high > low)


def _settled(drawn: Drawn) -> npt.NDArray[np.int64]:
    contested = np.flatnonzero(_spread(drawn))
    return contested[np.random.default_rng(2).random(len(contested)) > _UNSETTLED]


def _adjudication(place: int, number: int, drawn: Drawn, now_us: int) -> dict[str, Any]:
    return {
        "id": place + 1,
        "frame_id": _frame_id(number),
        "person_id": PEOPLE + 1,
        "level": LEVELS[drawn.true[number]],
        "reasoning": "Settled.",
        "action": "Watch.",
        "reason": "Drawn.",
        "adjudicated_at_us": now_us - 1,
    }


def _statuses(drawn: Drawn, settled: set[int]) -> Iterator[dict[str, Any]]:
    contested, has_review = _spread(drawn), np.zeros(len(drawn.true), dtype=bool)
    has_review[drawn.frame_of_review] = True
    for n in range(len(drawn.true)):
        open_again = n % 5 == 0 and not contested[n]
        state = VerificationState.VERIFIED
        if contested[n] and n not in settled:
            state = VerificationState.CONTESTED
        elif open_again or not has_review[n]:
            state = VerificationState.AWAITING
        yield {
            "frame_id": _frame_id(n),
            "split": _split(n, drawn),
            "state": state,
            "level": LEVELS[drawn.true[n]] if state is VerificationState.VERIFIED else None,
            "reviews_needed": int(state is VerificationState.AWAITING),
            "priority": (n * 7919) % 100_003 / 100_003 + 1e-6,
            "priority_terms": {},
            "is_audit": False,
        }


def _gold(place: int, number: int, drawn: Drawn, now_us: int) -> dict[str, Any]:
    return {
        "frame_id": _frame_id(number),
        "adjudication_id": place + 1,
        "level": LEVELS[drawn.true[number]],
        "proposed": LEVELS[drawn.proposed[number]],
        "made_by_id": PEOPLE + 1,
        "made_at_us": now_us - CAMPAIGN_DAYS // 2 * 86_400_000_000,
    }


def _groups(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group


def _continue_numbers(connection: Any, tables: tuple[Any, ...]) -> None:
    """PostgreSQL counts ids by itself: let it go on behind those written here."""
    for table in tables:
        name = table.__tablename__
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
        )
