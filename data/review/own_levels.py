"""The level that somebody chose before they saw a frame's proposal: agreement and automation bias rest on it."""

from __future__ import annotations

from sqlmodel import Session

from data.store.tables import OwnLevel
from data.vocabulary import TriageLevel


def own_level(
    session: Session, person_id: int, frame_id: str, level: TriageLevel, now_us: int
) -> TriageLevel:
    """The person's own level of a frame: the one that was chosen first, else this one, which is kept from now on."""
    chosen = session.get(OwnLevel, (frame_id, person_id))
    if chosen is None:
        chosen = OwnLevel(frame_id=frame_id, person_id=person_id, level=level, chosen_at_us=now_us)
        session.add(chosen)
        session.flush()
    return chosen.level
