"""Gold frames: settled ones that test people without their knowing, seeded into queues at a settable share."""

from __future__ import annotations

from sqlmodel import Session, col, select

from data.errors import ReviewRefused
from data.hashing import keyed_chance
from data.people.permissions import Act, require
from data.proposals.runs import latest_run, proposals_by_frame
from data.review.line.lease_time import keeps_others_away
from data.store.opening import Store
from data.store.tables import Adjudication, Frame, FrameLook, GoldFrame, Lease, Review, Setting, TourAnswer
from data.store.trail import note_act
from data.verification.standing import adjudications_by_frame
from data.verification.status import hold
from data.vocabulary import ModelRole, TrailAct, TriageLevel

SHARE = "gold_share"
DEFAULT_SHARE = 0.05
LARGEST_SHARE = 0.30


def make_gold(store: Store, person_id: int, frame_id: str) -> GoldFrame:
    """Let a settled frame test people from now on; made once.

    Raises NotAllowed, and ReviewRefused for a frame that no lead has settled.
    """
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE)
        hold(session, frame_id)
        settled = adjudications_by_frame(session, [frame_id]).get(frame_id)
        if settled is None:
            raise ReviewRefused("Only a frame that a lead has settled can become gold; settle it first.")
        return gold_from(session, settled, person_id, store.now_us(session))


def gold_from(session: Session, settled: Adjudication, person_id: int, now_us: int) -> GoldFrame:
    """The gold frame of a settlement, inside the caller's act; the one that is there already, if any."""
    frame_id = settled.frame_id
    there = session.get(GoldFrame, frame_id)
    if there is not None:
        return there
    teacher = proposals_by_frame(session, latest_run(session, ModelRole.TEACHER), [frame_id])
    gold = GoldFrame(
        frame_id=frame_id,
        adjudication_id=int(settled.id or 0),
        level=settled.level,
        proposed=teacher[frame_id].level if frame_id in teacher else None,
        made_by_id=person_id,
        made_at_us=now_us,
    )
    session.add(gold)
    return gold


def gold_share(session: Session) -> float:
    """The share of served frames that are gold, 0..0.3."""
    setting = session.get(Setting, SHARE)
    return setting.value if setting else DEFAULT_SHARE


def set_gold_share(store: Store, person_id: int, share: float) -> None:
    """Set how much of everybody's queue is gold. Raises NotAllowed, and ReviewRefused off 0 to 0.3."""
    if not 0 <= share <= LARGEST_SHARE:
        raise ReviewRefused(
            f"The share of gold frames is between 0 and {LARGEST_SHARE:.0%}, not {share:.0%}."
        )
    with store.write() as session:
        require(session, person_id, Act.ADJUDICATE)
        session.merge(Setting(name=SHARE, value=share))
        act = TrailAct.CHANGED_SETTING
        note_act(session, act, by=person_id, subject=f"setting:{SHARE}", details={"value": share})


def gold_due(key: bytes, person_id: int, place: int, share: float) -> bool:
    """Whether this person's frame at this place, counted from the first, is gold: a hash that only the store can
    compute, so that nobody works out which of their frames are."""
    return keyed_chance(key, "gold", person_id, place) < share


def gold_for(session: Session, key: bytes, person_id: int, n: int, now_us: int) -> list[str]:
    """At most n gold frames that this person has not seen, on the tour neither, and nobody holds, half of the time
    those first on which the teacher missed a TELEOPERATION."""
    if n <= 0:
        return []
    seen = select(Review.frame_id).where(Review.person_id == person_id)
    toured = select(TourAnswer.frame_id).where(TourAnswer.person_id == person_id)
    looked = select(FrameLook.frame_id).where(FrameLook.person_id == person_id)
    held = select(Lease.frame_id).where(keeps_others_away(now_us))
    query = (
        select(GoldFrame)
        .join(Frame, col(Frame.id) == GoldFrame.frame_id)
        .where(
            col(Frame.set_aside).is_(None),
            GoldFrame.made_by_id != person_id,
            col(GoldFrame.frame_id).not_in(seen),
            col(GoldFrame.frame_id).not_in(toured),
            col(GoldFrame.frame_id).not_in(looked),
            col(GoldFrame.frame_id).not_in(held),
        )
    )
    golds = list(session.exec(query))
    golds.sort(key=lambda gold: _place(key, gold, person_id))
    return [gold.frame_id for gold in golds[:n]]


def is_missed_teleoperation(gold: GoldFrame) -> bool:
    """Whether it is a TELEOPERATION for which the teacher proposed less."""
    return gold.level is TriageLevel.TELEOPERATION and gold.proposed in (
        TriageLevel.AUTONOMY,
        TriageLevel.SUPERVISION,
    )


def _place(key: bytes, gold: GoldFrame, person_id: int) -> float:
    chance = keyed_chance(key, "gold-order", person_id, gold.frame_id)
    return chance / 2 if is_missed_teleoperation(gold) else chance
