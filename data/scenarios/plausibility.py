"""Use cases: a person says that a generated clip cannot be real, or takes that back. One row per act, appended.

A rejected clip is out for everybody at once: its frames are set aside, so they are not shown, asked about or
exported. What was reviewed of them stays. The latest act on a clip counts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session, col, delete, select

from data.errors import NoteRefused
from data.frames.origins import rejected_clips
from data.people.permissions import Act, may, require
from data.review.notes import require_within_reach
from data.store.opening import Store
from data.store.tables import (
    ClipCritique,
    ClipJudgement,
    Frame,
    FrameStatus,
    GeneratedClip,
    GeneratedFrame,
    Lease,
    Person,
)
from data.verification.status import refresh
from data.vocabulary import SetAside, Split, VerificationState

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
BROKEN = "It cannot be real: geometry is broken or objects melt."


class Judgement(BaseModel):
    """What a person sends about the clip that a frame is from. `token` is made once per act, so that sending it
    twice writes once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str = Field(min_length=8, max_length=64)
    frame_id: str
    is_rejected: bool = True
    reason: Reason = BROKEN


@dataclass(frozen=True)
class ClipCounts:
    """Generated clips by scenario, and those of them that stand rejected."""

    clips: dict[str, int]
    rejected: dict[str, int]


def judge_clip(store: Store, person_id: int, judgement: Judgement) -> ClipJudgement:
    """Write one act, or give back the one that this token already wrote.

    Raises NotAllowed, and NoteRefused: the frame is not generated, an annotator neither holds nor has reviewed it, or
    somebody other than a lead takes back what another person rejected.
    """
    with store.write() as session:
        person = require(session, person_id, Act.REVIEW)
        written = session.exec(select(ClipJudgement).where(ClipJudgement.token == judgement.token)).first()
        if written is not None:
            return _same(written, person_id)
        clip = _clip_within_reach(session, person, judgement)
        row = ClipJudgement(
            token=judgement.token,
            clip_id=clip.id,
            person_id=person_id,
            is_rejected=judgement.is_rejected,
            reason=judgement.reason,
            judged_at_us=store.now_us(session),
        )
        session.add(row)
        session.flush()
        _apply(session, clip, row)
        return row


def _same(written: ClipJudgement, person_id: int) -> ClipJudgement:
    if written.person_id != person_id:
        raise NoteRefused("This token belongs to another act; send it again.")
    return written


def _clip_within_reach(session: Session, person: Person, judgement: Judgement) -> GeneratedClip:
    """The clip of a frame that this person may judge. What is refused tells an annotator nothing of the frame."""
    made = session.get(GeneratedFrame, judgement.frame_id)
    own = col(ClipJudgement.person_id) == person.id
    judged = (
        made
        and session.exec(
            select(ClipJudgement).where(ClipJudgement.clip_id == made.clip_id, own).limit(1)
        ).first()
    )
    if judgement.is_rejected:
        if not judged:  # whoever took a rejection back has no lease any more
            otherwise = "the clip was not rejected; a lead can still do that"
            require_within_reach(session, person, judgement.frame_id, otherwise)
        return _clip_of(session, judgement.frame_id)
    if not judged and not may(person.role, Act.ADJUDICATE):
        raise NoteRefused(
            "You have not rejected this frame's clip; if somebody did, a lead can take it back."
        )
    clip = _clip_of(session, judgement.frame_id)
    _require_may_take_back(person, rejected_clips(session).get(clip.id))
    return clip


def _clip_of(session: Session, frame_id: str) -> GeneratedClip:
    made = session.get(GeneratedFrame, frame_id)
    if made is None:
        raise NoteRefused(f"The frame {frame_id[:64]} was not generated, so there is no clip to reject.")
    return session.get_one(GeneratedClip, made.clip_id)


def _require_may_take_back(person: Person, standing: ClipJudgement | None) -> None:
    if standing is None:
        raise NoteRefused("This clip is not rejected, so there is nothing to take back.")
    if standing.person_id != person.id and not may(person.role, Act.ADJUDICATE):
        raise NoteRefused("Somebody else rejected this clip; a lead can take it back.")


def _apply(session: Session, clip: GeneratedClip, row: ClipJudgement) -> None:
    """Put the clip's frames aside, or take back those that were put aside for this."""
    query = select(Frame).where(Frame.scene_id == clip.scene_id)
    frames = [frame for frame in session.exec(query) if frame.set_aside in (None, SetAside.IMPLAUSIBLE)]
    for frame in frames:
        frame.set_aside = SetAside.IMPLAUSIBLE if row.is_rejected else None
        frame.set_aside_detail = f"The generated clip was rejected: {row.reason}" if row.is_rejected else None
        session.add(frame)
    ids = [frame.id for frame in frames]
    if row.is_rejected:
        session.exec(delete(Lease).where(col(Lease.frame_id).in_(ids)))
        session.exec(delete(FrameStatus).where(col(FrameStatus.frame_id).in_(ids)))
    session.flush()
    refresh(session, ids)


@dataclass(frozen=True)
class Rejection:
    """A clip that stands rejected: by whom, why, one of its frames, and what models said of it, by model."""

    clip: GeneratedClip
    judgement: ClipJudgement
    person: Person
    frame_id: str
    critics: dict[str, bool | None]


def rejections(store: Store) -> list[Rejection]:
    """Every clip that stands rejected, oldest first."""
    with store.read() as session:
        found = []
        for clip_id, judgement in sorted(rejected_clips(session).items(), key=lambda row: row[1].id or 0):
            frames = select(GeneratedFrame.frame_id).where(GeneratedFrame.clip_id == clip_id)
            said = select(ClipCritique.model, ClipCritique.is_plausible).where(
                ClipCritique.clip_id == clip_id
            )
            found.append(
                Rejection(
                    clip=session.get_one(GeneratedClip, clip_id),
                    judgement=judgement,
                    person=session.get_one(Person, judgement.person_id),
                    frame_id=session.exec(frames.order_by(col(GeneratedFrame.place))).all()[0],
                    critics=dict(session.exec(said).all()),
                )
            )
        return found


@dataclass(frozen=True)
class GeneratedCounts:
    """Generated frames that are worked on, and those of them that are verified by side; clips, and those of them
    that stand rejected."""

    frames: int
    verified: dict[Split, int]
    clips: int
    rejected: int


def count_generated(store: Store) -> GeneratedCounts:
    """How much of what is worked on was generated."""
    with store.read() as session:
        clips = count_clips(session)
        query = select(Frame.set_aside, FrameStatus.split, FrameStatus.state)
        query = query.join(FrameStatus, col(FrameStatus.frame_id) == Frame.id, isouter=True)
        rows = session.exec(query.where(col(Frame.generated_clip_id).is_not(None))).all()
    verified = Counter(split for _, split, state in rows if state is VerificationState.VERIFIED)
    return GeneratedCounts(
        frames=sum(aside is None for aside, _, _ in rows),
        verified={split: verified[split] for split in Split},
        clips=sum(clips.clips.values()),
        rejected=sum(clips.rejected.values()),
    )


def count_clips(session: Session) -> ClipCounts:
    """How many clips there are and how many stand rejected, by scenario."""
    clips = {clip.id: clip.scenario for clip in session.exec(select(GeneratedClip))}
    rejected = Counter(clips[clip_id] for clip_id in rejected_clips(session))
    return ClipCounts(dict(sorted(Counter(clips.values()).items())), dict(sorted(rejected.items())))
