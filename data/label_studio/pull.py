"""Use case: what people annotated in Label Studio into Reviews, each once, by people known by their e-mail address.

Nothing that comes from there is taken on trust: see `label_studio_answer`. An annotation that is not taken is named
with its reason and stays in Label Studio; a later pull takes it once the reason is gone. Each page of tasks is one
act, so a pull that was cut short goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from sqlmodel import Session, col, or_, select

from data.errors import AnnotationRefused, LabelStudioError, NotAllowed, ReviewRefused
from data.label_studio.annotations import (
    Annotation,
    answered,
    author,
    read_annotation,
    refuse_borrowed_words,
    refuse_forged,
    shown,
)
from data.label_studio.configuration import config_problems
from data.label_studio.server import LabelStudioServer
from data.label_studio.tasks import FRAME_ID, PROPOSAL_ID, RUN_ID, assessment_of, proposed_words
from data.people.permissions import Act, require
from data.review.reviews import Decision, review_row
from data.store.opening import Store
from data.store.tables import LabelStudioAnnotation, Person, Proposal, Review, SampledFrame
from data.verification.standing import standing
from data.verification.status import hold, refresh
from data.vocabulary import Assessment, Mode, Split, storable_text

PAGE = 200
MOST_ID = 2**31
GUIDELINE = "label-studio"
"""The guideline version of what was judged there: by the project's own instructions."""
Progress = Callable[[int, int], None]
"""Called with (tasks read, tasks in all)."""


@dataclass(frozen=True)
class Refusal:
    """An annotation that was not taken, and why."""

    task_id: int | None
    annotation_id: int | None
    frame_id: str | None
    reason: str


@dataclass
class Pulled:
    """What a pull did. `taken` reviews were written, `changed` of them in place of an earlier one; `known` were
    there before; `skipped`: annotations that people cancelled."""

    source: str
    tasks: int = 0
    annotations: int = 0
    taken: int = 0
    changed: int = 0
    known: int = 0
    skipped: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Origin:
    """Where annotations come from. `emails`: address by the source's user ids; `people`: our name by address
    where it is not the address itself; `imported`: also take what was not written in the editor."""

    source: str
    emails: Mapping[int, str]
    people: Mapping[str, str]
    imported: bool


def pull(
    store: Store,
    server: LabelStudioServer,
    project_name: str,
    *,
    people: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Pulled:
    """Take every answer of the project with this id or title. Raises LabelStudioError: no such project, one that
    asks other questions, a server that does not answer."""
    project = server.find_project(project_name)
    if project is None:
        raise LabelStudioError(f"Label Studio at {server.url} has no project called {project_name!r}.")
    if problems := config_problems(project.config):
        raise LabelStudioError(
            f"Project {project.id} ({project.title}) asks other questions: {'; '.join(problems)}. "
            "Nothing was taken."
        )
    source = f"{server.url}/projects/{project.id}"
    origin = Origin(source, server.emails(), _small(people), imported=False)
    done = Pulled(source)
    with_answers = [task.id for task in server.tasks(project) if task.annotations]
    for first in range(0, len(with_answers), PAGE):
        if progress:
            progress(first, len(with_answers))
        take_answers(store, server.annotated(project.id, with_answers[first : first + PAGE]), origin, done)
    if progress:
        progress(len(with_answers), len(with_answers))
    return done


def take_answers(store: Store, tasks: Sequence[Mapping[str, Any]], origin: Origin, done: Pulled) -> None:
    """Write the reviews that these tasks' annotations are, as one act, and count them into `done`."""
    given = [_Given(task, one, _read(one)) for task in tasks for one in _annotations(task)]
    done.tasks += len(tasks)
    done.annotations += len(given)
    with store.write() as session:
        page = _Page(session, given, origin, store.now_us(session))
        for one in given:
            page.take(one, done)
        if touched := page.keep():
            refresh(session, sorted(touched))


def _small(people: Mapping[str, str] | None) -> dict[str, str]:
    return {email.lower(): name for email, name in (people or {}).items()}


def _annotations(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A task's annotations, oldest first."""
    given = task.get("annotations")
    found = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    return sorted(found, key=lambda one: (shown(one.get("created_at")), _id(one) or 0))


@dataclass(frozen=True)
class _Given:
    """One annotation of a task as it came, and as it was read."""

    task: Mapping[str, Any]
    raw: Mapping[str, Any]
    annotation: Annotation | AnnotationRefused

    @property
    def data(self) -> Mapping[str, Any]:
        return _data(self.task)


def _read(given: Mapping[str, Any]) -> Annotation | AnnotationRefused:
    try:
        return read_annotation(given)
    except AnnotationRefused as refused:
        return refused


class _Page:
    """What the store knows of the frames of a page of tasks, read in few queries, and the reviews being added."""

    def __init__(self, session: Session, given: Sequence[_Given], origin: Origin, now_us: int) -> None:
        self.session, self.origin, self.now_us = session, origin, now_us
        self.new: list[tuple[Review, Callable[..., LabelStudioAnnotation]]] = []
        self.people = {person.name: person for person in session.exec(select(Person))}
        annotations = [one.annotation for one in given if isinstance(one.annotation, Annotation)]
        # People before frames, in one order, as every act has it: two acts never wait for each other.
        authors = {int(who.id or 0) for one in annotations if (who := self._author(one)) is not None}
        self.allowed = {person_id: self._asked(person_id) for person_id in sorted(authors)}
        frames = {storable_text(frame_id) for one in given if (frame_id := _frame_id(one.data))}
        hold(session, *frames)
        sampled = session.exec(select(SampledFrame).where(col(SampledFrame.frame_id).in_(frames)))
        self.splits = {row.frame_id: row.split for row in sampled}
        ids = {_number(one.data, PROPOSAL_ID) for one in given}
        proposals = session.exec(select(Proposal).where(col(Proposal.id).in_(ids)))
        self.proposals = {row.id: row for row in proposals}
        self.reviews: dict[tuple[int, str], list[Review]] = defaultdict(list)
        for review in session.exec(
            select(Review).where(col(Review.frame_id).in_(frames)).order_by(col(Review.id))
        ):
            self.reviews[review.person_id, review.frame_id].append(review)
        query = select(LabelStudioAnnotation, Review.token, Review.frame_id)
        query = query.join(Review, col(Review.id) == LabelStudioAnnotation.review_id)
        keys = col(LabelStudioAnnotation.annotation_key).in_({one.key for one in annotations})
        origins = session.exec(query.where(or_(col(Review.frame_id).in_(frames), keys))).all()
        self.versions = {(row.annotation_key, row.changed_at_us) for row, _, _ in origins}
        self.origin_of = {token: row.annotation_key for row, token, _ in origins}
        self.frame_of = {row.annotation_key: frame_id for row, _, frame_id in origins}

    def take(self, given: _Given, done: Pulled) -> None:
        """Write one annotation as a review, or say why not."""
        try:
            if isinstance(given.annotation, AnnotationRefused):
                raise given.annotation
            if given.annotation.was_cancelled:
                done.skipped += 1
            elif (review := self._review(given.task, given.annotation)) is None:
                done.known += 1
            else:
                done.taken += 1
                done.changed += review.supersedes_id is not None
        except AnnotationRefused as refused:
            done.refused.append(Refusal(_id(given.task), _id(given.raw), _frame_id(given.data), str(refused)))

    def keep(self) -> set[str]:
        """Write the new reviews, all at once, and where they come from; returns their frames."""
        self.session.flush()
        for review, origin in self.new:
            self.session.add(origin(review_id=review.id))
        self.session.flush()
        return {review.frame_id for review, _ in self.new}

    def _review(self, task: Mapping[str, Any], annotation: Annotation) -> Review | None:
        """The new review; None where it is there already."""
        taken_for = self.frame_of.get(annotation.key)
        if taken_for not in (None, _data(task).get(FRAME_ID)):
            raise AnnotationRefused(f"it was taken for frame {taken_for}, and its task names another one now")
        if (annotation.key, annotation.updated_at_us) in self.versions:
            return None
        frame_id, proposal = self._shown(_data(task))
        email = author(annotation, self.origin.emails)
        person = self._person(email)
        said = answered(annotation)
        before = self._standing(person, frame_id)
        if before is not None and self._says(before) == said:
            return None
        refuse_forged(annotation, self.origin.emails, imported=self.origin.imported)
        refuse_borrowed_words(said, assessment_of(proposal))
        if before is not None and self.origin_of.get(before.token) != annotation.key:
            raise AnnotationRefused(f"{person.name} has reviewed this frame already (review {before.id})")
        review = self._written(annotation, int(person.id or 0), frame_id, proposal, said, before)
        self._remember(review, annotation, task, email)
        return review

    def _standing(self, person: Person, frame_id: str) -> Review | None:
        """What this person says of the frame so far."""
        reviews = self.reviews[int(person.id or 0), frame_id]
        if any(review.id is None for review in reviews):  # of this page: one that replaces it has to name it
            self.session.flush()
        return next(reversed(standing(reviews)), None)

    def _shown(self, data: Mapping[str, Any]) -> tuple[str, Proposal | None]:
        """(frame, proposal) that the task showed, if they are as they were pushed."""
        frame_id = data.get(FRAME_ID)
        if not isinstance(frame_id, str) or frame_id not in self.splits:
            raise AnnotationRefused(
                f"its task is about no sampled frame of this store ({FRAME_ID} {shown(frame_id)})"
            )
        if self.splits[frame_id] is not Split.TRAIN:
            raise AnnotationRefused("its frame is held out, and held-out frames are judged blind")
        proposal_id = data.get(PROPOSAL_ID)
        if proposal_id is None:
            return frame_id, None
        proposal = self.proposals.get(_number(data, PROPOSAL_ID))
        if proposal is None or (proposal.frame_id, proposal.run_id) != (frame_id, data.get(RUN_ID)):
            raise AnnotationRefused(
                f"its task shows proposal {shown(proposal_id)}, which this store does not have for it"
            )
        if any(data.get(column) != text for column, text in proposed_words(proposal).items()):
            raise AnnotationRefused(f"its task shows other words than proposal {proposal_id} has")
        return frame_id, proposal

    def _person(self, email: str) -> Person:
        name = self.origin.people.get(email, email)
        person = self.people.get(name)
        if person is None:
            raise AnnotationRefused(
                f"nobody here is called {name} (`teletriage people add {name} --role annotator`, "
                f"or --person {email}=NAME)"
            )
        found = self.allowed[int(person.id or 0)]
        if isinstance(found, NotAllowed):
            raise AnnotationRefused(str(found).rstrip("."))
        return found

    def _author(self, annotation: Annotation) -> Person | None:
        """Whose answer it is, None where nobody here is called so."""
        try:
            email = author(annotation, self.origin.emails)
        except AnnotationRefused:
            return None
        return self.people.get(self.origin.people.get(email, email))

    def _asked(self, person_id: int) -> Person | NotAllowed:
        """Whether somebody may review: asked once a page, which is one act."""
        try:
            return require(self.session, person_id, Act.REVIEW)
        except NotAllowed as error:
            return error

    def _says(self, review: Review) -> Assessment | None:
        """What a standing review says, in the words that it keeps."""
        if review.reasoning is None:
            shown = self.proposals.get(review.proposal_id)
            return assessment_of(shown) if shown and shown.level is review.level else None
        fields = {"reasoning": review.reasoning, "level": review.level, "action": review.action}
        return Assessment.model_validate(fields)

    def _written(
        self,
        annotation: Annotation,
        person_id: int,
        frame_id: str,
        proposal: Proposal | None,
        said: Assessment,
        before: Review | None,
    ) -> Review:
        decision = Decision(
            token=hashlib.sha256(f"{annotation.key}|{annotation.updated_at_us}".encode()).hexdigest(),
            frame_id=frame_id,
            level=said.level,
            reasoning=said.reasoning,
            action=said.action,
            guideline_version=GUIDELINE,
            seconds_shown=annotation.seconds_shown,
            supersedes_id=before.id if before else None,
        )
        try:
            return review_row(person_id, decision, Mode.ASSISTED, proposal, self.now_us)
        except ReviewRefused as error:
            raise AnnotationRefused(str(error).rstrip(".")) from error

    def _remember(self, review: Review, annotation: Annotation, task: Mapping[str, Any], email: str) -> None:
        self.session.add(review)
        origin = partial(
            LabelStudioAnnotation,
            source=self.origin.source,
            task_id=_id(task),
            annotation_key=annotation.key,
            author=email[:254],
            annotated_at_us=annotation.created_at_us,
            changed_at_us=annotation.updated_at_us,
        )
        self.new.append((review, origin))
        self.versions.add((annotation.key, annotation.updated_at_us))
        self.frame_of[annotation.key] = review.frame_id
        self.origin_of[review.token] = annotation.key
        self.reviews[review.person_id, review.frame_id].append(review)


def _data(task: Mapping[str, Any]) -> Mapping[str, Any]:
    data = task.get("data")
    return data if isinstance(data, dict) else {}


def _frame_id(data: Mapping[str, Any]) -> str | None:
    found = data.get(FRAME_ID)
    return found if isinstance(found, str) and found else None


def _id(value: Mapping[str, Any]) -> int | None:
    return _number(value, "id")


def _number(value: Mapping[str, Any], name: str) -> int | None:
    """A whole number that every database takes as an id, or None."""
    found = value.get(name)
    return found if type(found) is int and 0 <= found < MOST_ID else None
