"""How far the work is, in counts: by state, level, scene and person, and what stands contested."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from data.frame_status import of_the_frame, reviews_by_frame, standing
from data.store import Store
from data.tables import (
    Frame,
    FrameStatus,
    GeneratedClip,
    Person,
    Proposal,
    Review,
    SampledFrame,
    Scene,
)
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
    superseded = select(Review.supersedes_id).where(col(Review.supersedes_id).is_not(None))
    by = (col(Review.person_id), col(Review.mode), col(Review.verdict))
    query = (
        select_columns(*by, func.count())
        .select_from(Review)
        .where(col(Review.id).not_in(superseded))
        .group_by(*by)
    )
    by_person: dict[int, Counter[tuple[Mode, Verdict | None]]] = defaultdict(Counter)
    for person_id, mode, verdict, reviews in session.connection().execute(of_the_frame(query)).all():
        by_person[person_id][mode, verdict] += reviews
    people = {person.id: person for person in session.exec(select(Person))}
    found = [_person(people[person_id], reviews) for person_id, reviews in by_person.items()]
    return sorted(found, key=lambda one: (-one.reviews, one.name))


def _person(person: Person, reviews: Counter[tuple[Mode, Verdict | None]]) -> PersonProgress:
    return PersonProgress(
        name=person.display_name,
        is_scripted=person.is_scripted,
        reviews=reviews.total(),
        shown=sum(n for (_, verdict), n in reviews.items() if verdict is not None),
        accepted=sum(n for (_, verdict), n in reviews.items() if verdict is Verdict.ACCEPT),
        by_mode={mode: sum(n for (given, _), n in reviews.items() if given is mode) for mode in Mode},
    )


@dataclass(frozen=True)
class ContestedFrame:
    """A frame on which people disagree, with what each of them said and what was proposed."""

    frame: Frame
    scene: Scene
    reviews: list[tuple[Review, Person]]
    proposal: Proposal | None

    @property
    def spread(self) -> int:
        """How far apart the levels are: 1 or 2."""
        ranks = [review.level.rank for review, _ in self.reviews]
        return max(ranks) - min(ranks)


def contested_frames(store: Store) -> list[ContestedFrame]:
    """Contested frames, AUTONOMY against TELEOPERATION first, then by scene and time."""
    with store.read() as session:
        query = (
            select(Frame, Scene)
            .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .where(FrameStatus.state == VerificationState.CONTESTED)
            .order_by(Scene.name, col(Frame.position))
        )
        rows = session.exec(query).all()
        people = {person.id: person for person in session.exec(select(Person))}
        reviews = reviews_by_frame(session, [frame.id for frame, _ in rows])
        contested = [_contested(session, frame, scene, reviews[frame.id], people) for frame, scene in rows]
    return sorted(contested, key=lambda one: -one.spread)


def _contested(
    session: Session, frame: Frame, scene: Scene, reviews: list[Review], people: dict[int | None, Person]
) -> ContestedFrame:
    current = standing(reviews)
    shown = next((review.proposal_id for review in current if review.proposal_id), None)
    proposal = session.get(Proposal, shown) if shown else None
    said = [(review, people[review.person_id]) for review in current]
    return ContestedFrame(frame, scene, said, proposal)


def frames_around(store: Store, frame: Frame, *, reach: int = 2) -> list[Frame]:
    """The frames of the scene up to `reach` places before and after, in time order, without the frame itself."""
    with store.read() as session:
        query = (
            select(Frame)
            .where(
                Frame.scene_id == frame.scene_id,
                col(Frame.position).between(frame.position - reach, frame.position + reach),
                Frame.id != frame.id,
                col(Frame.set_aside).is_(None),
            )
            .order_by(col(Frame.position))
        )
        return list(session.exec(query))


@dataclass(frozen=True)
class OwnReview:
    """One of a person's own recent reviews."""

    review: Review
    scene_name: str
    position: int


def own_recent_reviews(store: Store, person_id: int, *, n: int = 5) -> list[OwnReview]:
    """A person's latest standing reviews, newest first."""
    with store.read() as session:
        query = (
            select(Review, Frame, Scene)
            .join(Frame, col(Frame.id) == Review.frame_id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .where(Review.person_id == person_id)
            .order_by(col(Review.id).desc())
            .limit(4 * n)
        )
        rows = session.exec(query).all()
    current = {review.id for review in standing(review for review, _, _ in rows)}
    recent = [row for row in rows if row[0].id in current][:n]
    return [OwnReview(review, scene.name, frame.position) for review, frame, scene in recent]


def own_count(store: Store, person_id: int) -> int:
    """How many frames a person has reviewed."""
    with store.read() as session:
        query = select(func.count(func.distinct(Review.frame_id))).where(Review.person_id == person_id)
        return int(session.exec(query).one())
