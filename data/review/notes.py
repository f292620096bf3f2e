"""Use cases: what people note about a frame without judging it. One row per note, appended.

A skip or a picture that does not show gives the frame back; a flag leaves it where it is. Annotators note what they
were served and nothing else; leads note any frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from sqlmodel import Session, col, delete, func, select

from data.errors import NoteRefused
from data.images.inspection import ImageRefused, inspect_image
from data.people.permissions import Act, may, require
from data.pictures.shown import shown_picture
from data.review.reviews import has_reviewed
from data.store.opening import Store
from data.store.tables import Frame, FrameNote, FrameStatus, Lease, Person, Scene
from data.verification.status import hold
from data.vocabulary import FromOutside, NoteKind, storable_text

MAX_REASON_CHARS = 300
NoteReason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON_CHARS)
]


class Note(FromOutside):
    """What a person sends. `token` is made once per note, so that sending it twice writes once."""

    token: str = Field(min_length=8, max_length=64)
    frame_id: str
    kind: Literal[NoteKind.SKIP, NoteKind.FLAG, NoteKind.UNREADABLE]
    reason: NoteReason


def note_frame(store: Store, person_id: int, note: Note) -> FrameNote:
    """Write one note, or give back the one that this token already wrote.

    Raises NotAllowed, and NoteRefused: the frame is neither held nor reviewed by this person, as when a note arrives
    after the frame was passed on to somebody else. Where nobody took it meanwhile, a lapsed lease is good enough.
    """
    with store.write() as session:
        person = require(session, person_id, Act.REVIEW)
        written = session.exec(select(FrameNote).where(FrameNote.token == note.token)).first()
        if written is not None:
            if written.person_id != person_id or written.frame_id != note.frame_id:
                raise NoteRefused("This note's token belongs to another note; write it again.")
            return written
        hold(session, note.frame_id)
        require_within_reach(
            session, person, note.frame_id, "your note was not saved; a lead can still flag it"
        )
        frame = session.get(Frame, note.frame_id)
        if frame is None:
            raise NoteRefused(f"There is no frame {note.frame_id[:64]}.")
        row = _row(note.token, note.frame_id, person_id, note.kind, note.reason, store.now_us(session))
        session.add(row)
        if note.kind is not NoteKind.FLAG:
            session.exec(
                delete(Lease).where(col(Lease.frame_id) == note.frame_id, col(Lease.person_id) == person_id)
            )
        if note.kind is NoteKind.UNREADABLE and frame.set_aside is None:
            _set_aside_if_broken(session, frame)
        return row


def require_within_reach(session: Session, person: Person, frame_id: str, otherwise: str) -> None:
    """Raise NoteRefused, saying what is `otherwise`, about a frame that an annotator neither holds nor has reviewed.

    It says the same of a frame that is not there, so that nobody learns which there are.
    """
    lease = session.get(Lease, frame_id)
    is_held = lease is not None and lease.person_id == person.id
    if is_held or may(person.role, Act.ADJUDICATE) or has_reviewed(session, int(person.id or 0), frame_id):
        return
    raise NoteRefused(f"This frame is no longer reserved for you, so {otherwise}.")


def _row(token: str, frame_id: str, person_id: int, kind: NoteKind, reason: str, now_us: int) -> FrameNote:
    return FrameNote(
        token=token, frame_id=frame_id, person_id=person_id, kind=kind, reason=reason, noted_at_us=now_us
    )


def _set_aside_if_broken(session: Session, frame: Frame) -> None:
    """A browser's word is not enough: the file is looked at again, and set aside only if it is really broken."""
    try:
        inspect_image(shown_picture(session, frame).path)
    except ImageRefused as refused:
        frame.set_aside, frame.set_aside_detail = refused.reason, str(refused)
        session.add(frame)
        session.exec(delete(Lease).where(col(Lease.frame_id) == frame.id))
        session.exec(delete(FrameStatus).where(col(FrameStatus.frame_id) == frame.id))


def close_flags(
    store: Store, person_id: int, frame_id: str, *, token: str, answer: str = "Resolved."
) -> None:
    """A lead has dealt with everything noted about a frame so far; whoever asked reads the answer. Raises NotAllowed,
    NoteRefused for an answer of more than 300 characters."""
    if len(answer) > MAX_REASON_CHARS:
        raise NoteRefused(f"An answer has at most {MAX_REASON_CHARS} characters; this one has {len(answer)}.")
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE)
        if session.exec(select(FrameNote).where(FrameNote.token == token)).first() is None:
            now_us = store.now_us(session)
            words = storable_text(answer).strip() or "Resolved."
            session.add(_row(token, frame_id, person_id, NoteKind.CLOSED, words, now_us))


@dataclass(frozen=True)
class OpenFlag:
    """A flag, or a picture that did not show, that no lead has closed yet."""

    note: FrameNote
    person: Person
    frame: Frame
    scene: Scene


def open_flags(store: Store) -> list[OpenFlag]:
    """What leads still have to look at, oldest first."""
    with store.read() as session:
        closed = dict(
            session.exec(
                select(FrameNote.frame_id, func.max(FrameNote.id))
                .where(FrameNote.kind == NoteKind.CLOSED)
                .group_by(FrameNote.frame_id)
            ).all()
        )
        rows = session.exec(
            select(FrameNote, Person, Frame, Scene)
            .join(Person, col(Person.id) == FrameNote.person_id)
            .join(Frame, col(Frame.id) == FrameNote.frame_id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .where(col(FrameNote.kind).in_([NoteKind.FLAG, NoteKind.UNREADABLE]))
            .order_by(col(FrameNote.id))
        ).all()
    return [OpenFlag(*row) for row in rows if int(row[0].id or 0) > (closed.get(row[0].frame_id) or 0)]


@dataclass(frozen=True)
class FlagAnswer:
    """A lead's answer to what somebody asked about a frame, which may be several flags; `id` counts upwards."""

    id: int
    frame: Frame
    scene: Scene
    question: str
    answer: str


def answers_to(session: Session, person_id: int, *, n: int = 3) -> list[FlagAnswer]:
    """The latest answers to a person's flags, newest first: of each flag the first one that was given."""
    asked = select(FrameNote).where(FrameNote.person_id == person_id, FrameNote.kind == NoteKind.FLAG)
    flags = session.exec(asked.order_by(col(FrameNote.id).desc()).limit(10 * n)).all()
    found: dict[int, tuple[FrameNote, list[FrameNote]]] = {}
    for flag in reversed(flags):
        answer = _answer_to(session, flag)
        if answer is not None:
            found.setdefault(int(answer.id or 0), (answer, []))[1].append(flag)
    newest = [found[number] for number in sorted(found, reverse=True)[:n]]
    return [_flag_answer(session, asked, answer) for answer, asked in newest]


def _answer_to(session: Session, flag: FrameNote) -> FrameNote | None:
    query = select(FrameNote).where(
        FrameNote.frame_id == flag.frame_id, FrameNote.kind == NoteKind.CLOSED, col(FrameNote.id) > flag.id
    )
    return session.exec(query.order_by(col(FrameNote.id)).limit(1)).first()


def _flag_answer(session: Session, asked: Sequence[FrameNote], answer: FrameNote) -> FlagAnswer:
    frame = session.get_one(Frame, answer.frame_id)
    scene = session.get_one(Scene, frame.scene_id)
    question = " / ".join(dict.fromkeys(flag.reason for flag in asked))
    return FlagAnswer(int(answer.id or 0), frame, scene, question, answer.reason)
