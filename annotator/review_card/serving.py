"""What the card is told: frames as their mode lets a person see them, the person's own last decisions and day.

Whatever is not in here never reaches the browser; a blind frame's entry has no field in which a proposal could be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from annotator.pictures.signed_addresses import FULL_PX, SCREEN_PX, SMALL_PX
from annotator.review_card.specifics import seen, suggested_reason
from data.errors import ReviewRefused
from data.frames.shared_views import FIRST_TIME_US
from data.review.examples import Example
from data.review.notes import FlagAnswer
from data.review.serving import ServedFrame
from data.store.opening import Store
from data.store.tables import Frame, Lease, Proposal, Review, Scene
from data.verification.standing import standing
from data.vocabulary import Mode

REACH, RECENT = 3, 5
THOUGHT_CHARS = 4_000
"""How much of a chain of thought travels with a frame; the rest is asked for when somebody wants to read it."""
MODE_WORDS = {Mode.ASSISTED: "assisted", Mode.DECIDE_FIRST: "decide-first", Mode.BLIND: "blind"}

Address = Callable[[str, int], str]
"""(frame id, width in pixels) -> the signed address for this person."""


def served_frame(served: ServedFrame, address: Address, alike: Sequence[Frame] = ()) -> dict[str, Any]:
    """A leased frame for the card. alike: what may be judged together with it."""
    told = frame_context(served.frame, served.scene, address)
    told["mode"] = MODE_WORDS[served.mode]
    told["seen"] = seen(served.frame.boxes)
    if served.mode is Mode.DECIDE_FIRST:
        told["first_level"] = served.first_level.value if served.first_level else None
        if served.first_level:
            told["reason"] = suggested_reason(served.frame.cues, served.first_level).value
    if served.shown_proposal is not None:
        told["proposal"] = proposal_text(served.shown_proposal)
    told["stack"] = [_look_alike(one, served.frame, address) for one in alike]
    return told


def _look_alike(one: Frame, beside: Frame, address: Address) -> dict[str, Any]:
    return {
        "frame": one.id,
        "seconds": round((one.captured_at_us - beside.captured_at_us) / 1e6, 1),
        "thumb": address(one.id, SMALL_PX),
        "picture": address(one.id, SCREEN_PX),
        "full": address(one.id, FULL_PX),
    }


def frame_context(frame: Frame, scene: Scene, address: Address) -> dict[str, Any]:
    """What a person needs to judge a frame, and nothing that anybody or any model said of it."""
    time = local_time(frame.captured_at_us, scene.utc_offset_min)
    made = {"generated": frame.generated_clip_id} if frame.generated_clip_id else {}
    return {
        **made,
        "frame": frame.id,
        "caption": f"{scene.name} · frame {frame.position + 1}",
        "place": scene.location,
        "local_time": f"original at {time}" if made else time,
        "cues": [{"name": name.replace("_", " "), "evidence": text} for name, text in frame.cues.items()],
        "picture": address(frame.id, SCREEN_PX),
        "full": address(frame.id, FULL_PX),
    }


def example(one: Example, address: Address) -> dict[str, Any]:
    """A settled frame beside the guideline."""
    return {
        "level": one.level.value,
        "caption": f"{one.scene.name} · frame {one.frame.position + 1}",
        "thumb": address(one.frame.id, SMALL_PX),
        "why": one.why,
    }


def flag_answer(one: FlagAnswer) -> dict[str, Any]:
    """What a lead answered to the person's own flag."""
    caption = f"{one.scene.name} · frame {one.frame.position + 1}"
    return {"id": one.id, "caption": caption, "question": one.question, "answer": one.answer}


def local_time(captured_at_us: int, utc_offset_min: int | None) -> str:
    """Wall-clock time where the frame was taken.

    >>> local_time(1_532_402_927_000_000, 480)
    '11:28 local time'
    >>> local_time(10**18, None), local_time(500_000, None)  # the second stands for the order of files
    ('at an unknown time', 'at an unknown time')
    """
    if captured_at_us < FIRST_TIME_US:
        return "at an unknown time"
    try:
        at = datetime.fromtimestamp(captured_at_us / 1e6, tz=UTC) + timedelta(minutes=utc_offset_min or 0)
    except (
        OverflowError,
        ValueError,
        OSError,
    ):  # stores may hold such a frame from before ingests refused it
        return "at an unknown time"
    return f"{at:%H:%M} UTC" if utc_offset_min is None else f"{at:%H:%M} local time"


def proposal_text(proposal: Proposal) -> dict[str, Any]:
    """A proposal for the card: its assessment or why there is none, and the start of the chain of thought."""
    thought = proposal.chain_of_thought or ""
    return {
        "level": proposal.level.value if proposal.level else None,
        "reasoning": proposal.reasoning,
        "action": proposal.action,
        "failure": None if proposal.level else proposal.failure_detail or "Its reply holds no assessment.",
        "thought": thought[:THOUGHT_CHARS],
        "thought_chars": len(thought),
    }


def recent_decisions(store: Store, person_id: int, address: Address) -> list[dict[str, Any]]:
    """The person's last RECENT decisions, newest first, each with its frame as it was shown, ready to be changed."""
    query = (
        select(Review, Frame, Scene, Proposal)
        .join(Frame, col(Frame.id) == Review.frame_id)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Proposal, col(Proposal.id) == Review.proposal_id, isouter=True)
        .where(Review.person_id == person_id)
        .order_by(col(Review.id).desc())
        .limit(4 * RECENT)
    )
    with store.read() as session:
        rows = session.exec(query).all()
    current = {review.id for review in standing(review for review, *_ in rows)}
    alone = (row for row in rows if row[0].id in current and row[0].mode is not Mode.STACK)
    return [_recent(*row, address) for row in alone][:RECENT]


def _recent(
    review: Review, frame: Frame, scene: Scene, proposal: Proposal | None, address: Address
) -> dict[str, Any]:
    served = ServedFrame(frame, scene, review.mode, proposal, 0, review.first_level)
    return {
        **served_frame(served, address),
        "token": review.token,
        "level": review.level.value,
        "reasoning": review.reasoning,
        "action": review.action,
        "reason_code": review.reason_code,
        "unsure": bool(review.is_unsure),
        "unconfirmed": bool(review.is_unconfirmed),
        "stacked": review.stack is not None,
    }


def scene_strip(store: Store, person_id: int, frame_id: str, address: Address) -> list[dict[str, Any]]:
    """The frames before and after, each with its distance in keyframes. Raises ReviewRefused for a frame that the
    person neither holds nor has reviewed."""
    with store.read() as session:
        require_shown(session, person_id, frame_id)
        return strip_around(session, frame_id, address)


def strip_around(session: Session, frame_id: str, address: Address) -> list[dict[str, Any]]:
    """As `scene_strip`, for a person who may see the frame."""
    frame = session.get_one(Frame, frame_id)
    around = session.exec(
        select(Frame)
        .where(
            Frame.scene_id == frame.scene_id,
            col(Frame.position).between(frame.position - REACH, frame.position + REACH),
            col(Frame.set_aside).is_(None),
        )
        .order_by(col(Frame.position))
    ).all()
    return [
        {
            "offset": one.position - frame.position,
            "seconds": round((one.captured_at_us - frame.captured_at_us) / 1e6, 1),
            "thumb": address(one.id, SMALL_PX),
            "picture": address(one.id, SCREEN_PX),
            "full": address(one.id, FULL_PX),
        }
        for one in around
    ]


def whole_thought(store: Store, person_id: int, frame_id: str) -> str:
    """The whole chain of thought of a frame whose proposal the person may see. Raises ReviewRefused otherwise."""
    with store.read() as session:
        require_shown(session, person_id, frame_id)
        lease = session.get(Lease, frame_id)
        if lease is not None and lease.person_id == person_id:
            hidden = lease.mode is Mode.DECIDE_FIRST and lease.first_level is None
            shown = None if hidden else lease.proposal_id
        else:
            query = select(Review).where(Review.frame_id == frame_id, Review.person_id == person_id)
            shown = next((review.proposal_id for review in session.exec(query)), None)
        proposal = session.get(Proposal, shown) if shown else None
    if proposal is None:
        raise ReviewRefused("You were shown no model proposal for this frame.")
    return proposal.chain_of_thought or ""


def require_shown(session: Session, person_id: int, frame_id: str) -> None:
    """Raises ReviewRefused for a frame that the person neither holds nor has reviewed."""
    lease = session.get(Lease, frame_id)
    if lease is not None and lease.person_id == person_id:
        return
    query = select(Review.id).where(Review.frame_id == frame_id, Review.person_id == person_id).limit(1)
    if session.exec(query).first() is None:
        raise ReviewRefused("This frame is not with you.")
