"""How far the work is, in counts: by state, level, scene and person, and what stands contested."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, GeneratedClip, Person, Review, SampledFrame, Scene
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


@dataclass(frozen=True)
class SceneProgress:
    """One scene's frames by state."""

    name: str
    split: Split
    verified: int
    contested: int
    awaiting: int


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
        counted = _by_scene_state_and_level(session)
        made = set(session.exec(select(GeneratedClip.scene_id)))
        states: Counter[tuple[Split, VerificationState]] = Counter()
        verified: Counter[TriageLevel] = Counter()
        for scene_id, split, state, level, frames in counted:
            states[split, state] += frames
            if level is not None and scene_id not in made:
                verified[level] += frames
        sampled = session.exec(select(func.count()).select_from(SampledFrame)).one()
        aside = session.exec(select(func.count(col(Frame.id))).where(col(Frame.set_aside).is_not(None))).one()
        reviews = session.exec(select(func.count(col(Review.id)))).one()
        return Progress(
            sampled=sampled,
            set_aside=aside,
            states={side: {state: states[side, state] for state in VerificationState} for side in Split},
            levels={level: verified[level] for level in LEVELS},
            reviews=reviews,
            scenes=_scenes(session, counted),
            people=_people(session),
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


def _scenes(session: Session, counted: list[_Counted]) -> list[SceneProgress]:
    counts: dict[str, Counter[VerificationState]] = defaultdict(Counter)
    for scene_id, _, state, _, frames in counted:
        counts[scene_id][state] += frames
    return [
        SceneProgress(
            name=scene.name,
            split=scene.split or Split.TRAIN,
            verified=counts[scene.id][VerificationState.VERIFIED],
            contested=counts[scene.id][VerificationState.CONTESTED],
            awaiting=counts[scene.id][VerificationState.AWAITING],
        )
        for scene in session.exec(select(Scene).order_by(Scene.name))
        if scene.id in counts
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
