"""How far the work is, in counts: by state, level, data set, scene and person, and what stands contested."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from data.frames.data_sets import MADE_HERE
from data.store.opening import Store
from data.store.tables import Dataset, Frame, FrameStatus, GeneratedClip, Person, Review, SampledFrame, Scene
from data.verification.standing import is_standing, of_the_frame
from data.vocabulary import LEVELS, Mode, Split, TriageLevel, Verdict, VerificationState


@dataclass(frozen=True)
class Progress:
    """Counts over the sampled frames. `states` by split and state, `levels` over verified real frames of
    both sides, `set_aside` and `sampled` over frames, `reviews` over standing and superseded reviews."""

    sampled: int
    set_aside: int
    states: dict[Split, dict[VerificationState, int]]
    levels: dict[TriageLevel, int]
    reviews: int
    scenes: list[SceneProgress]
    people: list[PersonProgress]
    data_sets: list[DataSetProgress]


@dataclass(frozen=True)
class SceneProgress:
    """One scene's frames by state. `shares_name`: a scene of another data set is called the same."""

    name: str
    data_set: str
    shares_name: bool
    split: Split
    verified: int
    contested: int
    awaiting: int


@dataclass(frozen=True)
class DataSetProgress:
    """One data set's frames. `frames`: all that were ingested, those set aside too; `states` over those in review,
    `levels` over verified ones. `licences`: the terms of its scenes, None among them where nobody has said which."""

    name: str
    kind: str
    licences: list[str | None]
    frames: int
    set_aside: int
    states: dict[VerificationState, int]
    levels: dict[TriageLevel, int]

    @property
    def is_made_here(self) -> bool:
        """Whether no source holds it: generated frames, and those that came back from live feeds."""
        return self.kind in MADE_HERE


@dataclass(frozen=True)
class PersonProgress:
    """One person's standing reviews. `shown`: those in which a proposal was shown; `accepted` of those."""

    name: str
    account: str
    is_scripted: bool
    reviews: int
    shown: int
    accepted: int
    by_mode: dict[Mode, int]


def progress(store: Store) -> Progress:
    """Count everything once, in the database: a row per scene and state, and one per person and mode."""
    with store.read() as session:
        counted, scenes = _by_scene_state_and_level(session), _all_scenes(session)
        made = set(session.exec(select(GeneratedClip.scene_id)))
        states: Counter[tuple[Split, VerificationState]] = Counter()
        verified: Counter[TriageLevel] = Counter()
        for scene_id, split, state, level, frames in counted:
            states[split, state] += frames
            if level is not None and scene_id not in made:
                verified[level] += frames
        sampled = session.exec(select(func.count()).select_from(SampledFrame)).one()
        data_sets = _data_sets(session, counted, scenes)
        reviews = session.exec(select(func.count(col(Review.id)))).one()
        return Progress(
            sampled=sampled,
            set_aside=sum(one.set_aside for one in data_sets),
            states={side: {state: states[side, state] for state in VerificationState} for side in Split},
            levels={level: verified[level] for level in LEVELS},
            reviews=reviews,
            scenes=_scenes(counted, scenes),
            people=_people(session),
            data_sets=data_sets,
        )


def frames_by_state(session: Session) -> dict[VerificationState, int]:
    """How many frames in review stand in each state, on both sides; the same that `progress` counts."""
    query = select_columns(col(FrameStatus.state), func.count()).group_by(col(FrameStatus.state))
    found = {state: int(n) for state, n in session.connection().execute(query).all()}
    return {state: found.get(state, 0) for state in VerificationState}


_Counted = tuple[str, Split, VerificationState, TriageLevel | None, int]


def _by_scene_state_and_level(session: Session) -> list[_Counted]:
    """(scene id, split, state, verified level, how many frames) for every combination that there is."""
    by = (col(Frame.scene_id), col(FrameStatus.split), col(FrameStatus.state), col(FrameStatus.level))
    query = (
        select_columns(*by, func.count())
        .select_from(FrameStatus)
        .join(Frame, col(Frame.id) == FrameStatus.frame_id)
        .group_by(*by)
    )
    return [
        (scene_id, split, state, level, int(frames))
        for scene_id, split, state, level, frames in session.connection().execute(query).all()
    ]


class _Scene(NamedTuple):
    id: str
    name: str
    split: Split | None
    licence: str | None
    data_set: str


def _all_scenes(session: Session) -> list[_Scene]:
    query = select_columns(
        col(Scene.id), col(Scene.name), col(Scene.split), col(Scene.licence), col(Dataset.name)
    ).join(Dataset, col(Dataset.id) == Scene.dataset_id)
    rows = session.connection().execute(query.order_by(col(Scene.name), col(Dataset.name)))
    return [_Scene(*row) for row in rows]


def _scenes(counted: list[_Counted], scenes: list[_Scene]) -> list[SceneProgress]:
    counts: dict[str, Counter[VerificationState]] = defaultdict(Counter)
    for scene_id, _, state, _, frames in counted:
        counts[scene_id][state] += frames
    called = Counter(name for name, _ in {(scene.name, scene.data_set) for scene in scenes})
    return [
        SceneProgress(
            name=scene.name,
            data_set=scene.data_set,
            shares_name=called[scene.name] > 1,
            split=scene.split or Split.TRAIN,
            verified=counts[scene.id][VerificationState.VERIFIED],
            contested=counts[scene.id][VerificationState.CONTESTED],
            awaiting=counts[scene.id][VerificationState.AWAITING],
        )
        for scene in scenes
        if scene.id in counts
    ]


def _data_sets(session: Session, counted: list[_Counted], scenes: list[_Scene]) -> list[DataSetProgress]:
    """Every data set, by name."""
    data_set = {scene.id: scene.data_set for scene in scenes}
    states: dict[str, Counter[VerificationState]] = defaultdict(Counter)
    levels: dict[str, Counter[TriageLevel]] = defaultdict(Counter)
    for scene_id, _, state, level, frames in counted:
        states[data_set[scene_id]][state] += frames
        if level is not None:
            levels[data_set[scene_id]][level] += frames
    licences: dict[str, set[str | None]] = defaultdict(set)
    for scene in scenes:
        licences[scene.data_set].add(scene.licence)
    query = (
        select_columns(col(Scene.dataset_id), func.count(), func.count(col(Frame.set_aside)))
        .join(Frame, col(Frame.scene_id) == Scene.id)
        .group_by(col(Scene.dataset_id))
    )
    found = {number: (n, aside) for number, n, aside in session.connection().execute(query)}
    return [
        DataSetProgress(
            name=one.name,
            kind=one.kind,
            licences=sorted(licences[one.name], key=lambda licence: licence or ""),
            frames=found.get(one.id or 0, (0, 0))[0],
            set_aside=found.get(one.id or 0, (0, 0))[1],
            states={state: states[one.name][state] for state in VerificationState},
            levels={level: levels[one.name][level] for level in LEVELS},
        )
        for one in session.exec(select(Dataset).order_by(Dataset.name))
    ]


def _people(session: Session) -> list[PersonProgress]:
    """Standing reviews by person; without those on gold, which test the person."""
    by = (col(Review.person_id), col(Review.mode), col(Review.verdict))
    query = select_columns(*by, func.count()).select_from(Review).where(is_standing()).group_by(*by)
    by_person: dict[int, Counter[tuple[Mode, Verdict | None]]] = defaultdict(Counter)
    for person_id, mode, verdict, reviews in session.connection().execute(of_the_frame(query)).all():
        by_person[person_id][mode, verdict] += reviews
    people = {person.id: person for person in session.exec(select(Person))}
    found = [_person(people[person_id], reviews) for person_id, reviews in by_person.items()]
    return sorted(found, key=lambda one: (-one.reviews, one.name))


def _person(person: Person, reviews: Counter[tuple[Mode, Verdict | None]]) -> PersonProgress:
    return PersonProgress(
        name=person.display_name,
        account=person.name,
        is_scripted=person.is_scripted,
        reviews=reviews.total(),
        shown=sum(
            n for (mode, verdict), n in reviews.items() if verdict is not None and mode is not Mode.STACK
        ),
        accepted=reviews[Mode.ASSISTED, Verdict.ACCEPT] + reviews[Mode.DECIDE_FIRST, Verdict.ACCEPT],
        by_mode={mode: sum(n for (given, _), n in reviews.items() if given is mode) for mode in Mode},
    )
