"""Use cases: writing a review, and settling a contested frame. One row per human act, appended.

Who, when, in which mode and what was shown come from the store, never from the browser.
"""

from __future__ import annotations

from pydantic import Field
from sqlmodel import Session, select

from data.errors import ReviewRefused
from data.people.permissions import Act, require
from data.review.audit_lots import audited_now
from data.review.blind_audits import follow_audit
from data.review.own_levels import own_level
from data.store.opening import Store
from data.store.tables import Lease, Proposal, Review
from data.verification.policy import HURRIED_S
from data.verification.standing import standing
from data.verification.status import hold, refresh
from data.vocabulary import (
    Action,
    FromOutside,
    Mode,
    Reasoning,
    TriageLevel,
    Verdict,
)


class Decision(FromOutside):
    """What a person sends. `token` is made once per decision, so that sending it twice writes once.

    `reasoning` and `action` are None where the proposal's wording is kept. `supersedes_id` names the own earlier
    review that this one replaces. `is_unsure`: a mark beside the level. `seconds_played`: how long the
    seconds before the frame were watched, None where they were not.
    """

    token: str = Field(min_length=8, max_length=64)
    frame_id: str
    level: TriageLevel
    first_level: TriageLevel | None = None
    reasoning: Reasoning | None = None
    action: Action | None = None
    reason_code: str | None = Field(default=None, max_length=32)
    guideline_version: str = Field(max_length=16)
    seconds_shown: float | None = Field(default=None, ge=0, le=86_400)
    supersedes_id: int | None = None
    is_unsure: bool = False
    seconds_played: float | None = Field(default=None, gt=0, le=86_400)


def submit_review(store: Store, person_id: int, decision: Decision) -> Review:
    """Write one review, or give back the one that this decision's token already wrote.

    Raises NotAllowed, and ReviewRefused: the frame is held by somebody else or was never served to this person,
    a level other than the proposed one comes without words, or the review to supersede is not the person's
    standing one.
    """
    with store.write() as session:
        require(session, person_id, Act.REVIEW)
        written = session.exec(select(Review).where(Review.token == decision.token)).first()
        if written is not None:
            return _same(written, person_id, decision)
        hold(session, decision.frame_id)
        return submit_within(session, person_id, decision, store.now_us(session))


def submit_within(
    session: Session, person_id: int, decision: Decision, now_us: int, *, stack: str | None = None
) -> Review:
    """As `submit_review`, inside an act that holds the frame. stack: the token of the stack that is judged with it."""
    mode, proposal = _as_shown(session, now_us, person_id, decision)
    if mode is not Mode.BLIND and audited_now(session, [decision.frame_id]):
        raise ReviewRefused(
            "This frame went into a blind audit after you saw its proposal; your answer was not saved."
        )
    lease = session.get(Lease, decision.frame_id)
    if mode is Mode.DECIDE_FIRST:
        first = _first_level(session, now_us, person_id, decision, lease)
        decision = decision.model_copy(update={"first_level": first})
    review = review_row(person_id, decision, mode, proposal, now_us)
    review.stack = stack
    if (before := standing_review(session, person_id, decision.frame_id)) and before.is_taken_back:
        review.supersedes_id = before.id
    session.add(review)
    if lease is not None and lease.person_id == person_id:
        session.delete(lease)
    session.flush()
    refresh(session, [decision.frame_id])
    follow_audit(session, decision.frame_id, person_id, now_us)
    return review


def _first_level(
    session: Session, now_us: int, person_id: int, decision: Decision, lease: Lease | None
) -> TriageLevel | None:
    """The own level of a decide-first frame. What the browser says counts only where the proposal was never handed
    out; a later decision keeps the own level of the one that it replaces."""
    if decision.supersedes_id is not None:
        return session.get_one(Review, decision.supersedes_id).first_level
    is_held = lease is not None and lease.person_id == person_id
    told = lease.first_level if lease is not None and is_held else None
    level = told or decision.first_level
    return own_level(session, person_id, decision.frame_id, level, now_us) if level is not None else None


def _same(written: Review, person_id: int, decision: Decision) -> Review:
    if written.person_id != person_id or written.frame_id != decision.frame_id:
        raise ReviewRefused("This decision's token belongs to another decision; decide again.")
    return written


def _as_shown(
    session: Session, now_us: int, person_id: int, decision: Decision
) -> tuple[Mode, Proposal | None]:
    """The mode and the proposal under which the person decided, from the lease or the superseded review."""
    if decision.supersedes_id is not None:
        before = standing_review(session, person_id, decision.frame_id)
        if before is None or before.id != decision.supersedes_id:
            raise ReviewRefused("Only your own latest review of a frame can be changed.")
        alone = Mode.ASSISTED if before.mode is Mode.STACK else before.mode  # now it is on screen itself
        return alone, _proposal(session, before.proposal_id)
    before = standing_review(session, person_id, decision.frame_id)
    if before is not None and not before.is_taken_back:
        raise ReviewRefused("You have reviewed this frame already; change that review instead.")
    lease = session.get(Lease, decision.frame_id)
    if lease is None:
        raise ReviewRefused("This frame is no longer reserved for you; your answer was not saved.")
    if lease.person_id != person_id:
        passed_on = "is with somebody else now" if lease.until_us > now_us else "was passed on"
        raise ReviewRefused(f"This frame {passed_on}; your answer was not saved.")
    return lease.mode, _proposal(session, lease.proposal_id)


def _proposal(session: Session, proposal_id: int | None) -> Proposal | None:
    return session.get(Proposal, proposal_id) if proposal_id is not None else None


def standing_review(session: Session, person_id: int, frame_id: str) -> Review | None:
    """The person's latest word on a frame, which may be that a judgement of a stack is taken back."""
    reviews = session.exec(
        select(Review).where(Review.person_id == person_id, Review.frame_id == frame_id)
    ).all()
    return next(iter(standing(reviews)), None)


def review_row(
    person_id: int, decision: Decision, mode: Mode, proposal: Proposal | None, now_us: int
) -> Review:
    """The row of a decision on a frame that was shown with this proposal in this mode; not yet in any session.

    Raises ReviewRefused: another level than the proposed one without words, no own level in decide-first, a reason
    of one's own with an answer that keeps the model's words.
    """
    keeps_level = proposal is not None and proposal.level is decision.level
    reasoning, action = _own_words(decision, proposal if keeps_level else None)
    if not keeps_level and not (reasoning and action):
        raise ReviewRefused(f"{decision.level.value} needs a reasoning and an operator action of yours.")
    if mode is Mode.DECIDE_FIRST and decision.first_level is None:
        raise ReviewRefused("Choose your own level before the proposal is shown.")
    verdict = _verdict(mode, keeps_level and reasoning is None)
    if verdict is Verdict.ACCEPT and decision.reason_code:
        raise ReviewRefused(
            f"{decision.reason_code!r} was chosen as the reason, but the answer keeps the model's words; decide again."
        )
    is_hurried = decision.seconds_shown is not None and decision.seconds_shown < HURRIED_S
    return Review(
        token=decision.token,
        frame_id=decision.frame_id,
        person_id=person_id,
        proposal_id=proposal.id if proposal else None,
        mode=mode,
        verdict=verdict,
        level=decision.level,
        first_level=decision.first_level if mode is Mode.DECIDE_FIRST else None,
        reasoning=reasoning,
        action=action,
        reason_code=decision.reason_code,
        guideline_version=decision.guideline_version,
        seconds_shown=decision.seconds_shown,
        supersedes_id=decision.supersedes_id,
        reviewed_at_us=now_us,
        is_unsure=decision.is_unsure or None,
        is_unconfirmed=is_hurried or None,
        seconds_played=decision.seconds_played,
    )


def _own_words(decision: Decision, kept: Proposal | None) -> tuple[str | None, str | None]:
    """(reasoning, action) as the person words them; both None where the kept proposal's words stand unchanged."""
    if kept is None:
        return decision.reasoning, decision.action
    final = decision.reasoning or kept.reasoning, decision.action or kept.action
    return (None, None) if final == (kept.reasoning, kept.action) else final


def _verdict(mode: Mode, keeps_everything: bool) -> Verdict | None:
    if mode is Mode.BLIND:
        return None
    return Verdict.ACCEPT if keeps_everything else Verdict.CORRECT


def has_reviewed(session: Session, person_id: int, frame_id: str) -> bool:
    """Whether this person is one of those who disagree on the frame."""
    query = select(Review.id).where(Review.person_id == person_id, Review.frame_id == frame_id).limit(1)
    return session.exec(query).first() is not None
