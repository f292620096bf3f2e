"""Which frames may be judged together with the one on screen: look-alikes of a standing vehicle, each with its own row.

Never a held-out, gold, audited or generated frame, none that this person sees blind or decides first, none of the
random share, on which estimates rest, and none that somebody else holds. The teacher must have said the same of all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from data.errors import ReviewRefused
from data.proposals.runs import proposals_for_review
from data.review.audit_lots import audited_now
from data.review.line.lease_time import keeps_others_away
from data.review.line.modes import assign_mode
from data.store.keys import serving_key
from data.store.tables import (
    Frame,
    FrameLook,
    FrameNote,
    FrameStack,
    FrameStatus,
    GoldFrame,
    Lease,
    Proposal,
    RandomShare,
    Review,
)
from data.vocabulary import Mode, NoteKind, Split, TriageLevel

MOST = 11
"""Frames beside the one on screen: as many as can be looked at as small pictures."""


def companions(
    session: Session,
    person_id: int,
    frame_ids: Sequence[str],
    now_us: int,
    shares: Mapping[Mode, float] | None = None,
) -> dict[str, list[Frame]]:
    """By frame that the person holds with its proposal: the look-alikes that may be judged with it, by time, the
    nearest MOST of them. Frames without any are left out."""
    query = select(FrameStack.frame_id, FrameStack.first_id).where(col(FrameStack.frame_id).in_(frame_ids))
    first_of = dict(session.exec(query).all())
    if not first_of:
        return {}
    frames = {one.id: one for one in _free(session, person_id, set(first_of.values()), now_us)}
    stack_of = dict(
        session.exec(
            select(FrameStack.frame_id, FrameStack.first_id).where(col(FrameStack.frame_id).in_(list(frames)))
        ).all()
    )
    wanted = _shown_assisted(session, person_id, list(frames), shares)
    levels = {one: said.level for one, said in proposals_for_review(session, list(frames)).items()}
    by_stack: dict[str, list[Frame]] = defaultdict(list)
    for frame_id in wanted - audited_now(session, list(frames)):
        by_stack[stack_of[frame_id]].append(frames[frame_id])
    found = {}
    for frame_id, first in first_of.items():
        own = next((one for one in by_stack[first] if one.id == frame_id), None)
        if own is None or levels.get(frame_id) is None:
            continue
        others = [one for one in by_stack[first] if one is not own and levels.get(one.id) is levels[frame_id]]
        nearest = sorted(others, key=lambda one, at=own.position: abs(one.position - at))[:MOST]  # type: ignore[misc]
        if nearest:
            found[frame_id] = sorted(nearest, key=lambda one: one.position)
    return found


def _free(session: Session, person_id: int, firsts: Collection[str], now_us: int) -> Sequence[Frame]:
    """Training frames of these stacks that wait for a review, that this person may still be asked about, and that
    nobody else holds."""
    reviewed = select(Review.id).where(Review.person_id == person_id, col(Review.frame_id) == Frame.id)
    looked = select(FrameLook.frame_id).where(
        FrameLook.person_id == person_id, col(FrameLook.frame_id) == Frame.id
    )
    noted = select(FrameNote.frame_id).where(
        FrameNote.person_id == person_id,
        col(FrameNote.kind).in_([NoteKind.SKIP, NoteKind.UNREADABLE]),
        col(FrameNote.frame_id) == Frame.id,
    )
    held = select(Lease.frame_id).where(
        col(Lease.frame_id) == Frame.id, Lease.person_id != person_id, keeps_others_away(now_us)
    )
    query = (
        select(Frame)
        .join(FrameStack, col(FrameStack.frame_id) == Frame.id)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(
            col(FrameStack.first_id).in_(firsts),
            col(FrameStatus.reviews_needed) > 0,
            FrameStatus.split == Split.TRAIN,
            col(FrameStatus.is_audit).is_(False),
            col(Frame.set_aside).is_(None),
            col(Frame.generated_clip_id).is_(None),
            col(Frame.id).not_in(select(GoldFrame.frame_id)),
            col(Frame.id).not_in(select(RandomShare.frame_id)),
            ~reviewed.exists() | col(Frame.id).in_(taken_back_by(person_id)),
            ~looked.exists(),
            ~noted.exists(),
            ~held.exists(),
        )
    )
    return session.exec(query).all()


def _shown_assisted(
    session: Session, person_id: int, frame_ids: Sequence[str], shares: Mapping[Mode, float] | None
) -> set[str]:
    """Those that the person holds, or would be handed, with the proposal at once."""
    query = select(Lease).where(Lease.person_id == person_id, col(Lease.frame_id).in_(frame_ids))
    held = {lease.frame_id: lease.mode for lease in session.exec(query)}
    key = serving_key(session)
    return {
        one
        for one in frame_ids
        if held.get(one, assign_mode(key, one, person_id, Split.TRAIN, shares=shares)) is Mode.ASSISTED
        and assign_mode(key, one, person_id, Split.TRAIN, shares=shares) is Mode.ASSISTED
    }


def refuse_unseen(
    level: TriageLevel, proposal: Proposal, others: Collection[str], seen_large: Collection[str]
) -> None:
    """Raises ReviewRefused where TELEOPERATION is said, or was proposed, and a look-alike was not seen large."""
    unseen = set(others) - set(seen_large)
    if TriageLevel.TELEOPERATION in (level, proposal.level) and unseen:
        raise ReviewRefused(
            f"Where TELEOPERATION is proposed or said, every frame is looked at large first; {len(unseen)} of "
            f"{len(others)} were not. Nothing of the stack was saved."
        )


def taken_back_by(person_id: int) -> SelectOfScalar[str]:
    """Frames on which this person's latest word is that a judgement of a stack is taken back."""
    later: Any = aliased(Review)
    replaced = select(later.id).where(later.supersedes_id == Review.id)
    return select(Review.frame_id).where(
        Review.person_id == person_id, col(Review.is_taken_back).is_not(None), ~replaced.exists()
    )
