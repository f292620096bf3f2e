"""What was answered in the arms of a run's probes and to the frames' own pictures, as duties and figures take it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from data.probes.words import other_way_round, plain_words
from data.store.tables import ProbeAnswer, ProbeArm, Proposal
from data.vocabulary import TriageLevel


@dataclass(frozen=True)
class Said:
    """One answer: `level` is None where it holds no assessment, `why_not` then says why. `words`: reasoning and
    action."""

    level: TriageLevel | None
    words: str = ""
    why_not: str | None = None


def is_same_words(own: Said, said: Said, *, mirrored: bool = False) -> bool:
    """Whether the words are the same; of a mirrored picture with left and right exchanged."""
    there = plain_words(own.words)
    return (other_way_round(there) if mirrored else there) == plain_words(said.words)


def said_in(row: ProbeAnswer | Proposal) -> Said:
    """An answer as it is stored."""
    why = row.failure_detail or (row.failure.value if row.failure else None)
    return Said(row.level, f"{row.reasoning or ''} {row.action or ''}", why)


def answers_in(session: Session, arm: ProbeArm) -> list[ProbeAnswer]:
    """An arm's answers by frame and place."""
    query = select(ProbeAnswer).where(ProbeAnswer.arm_id == arm.id)
    return list(session.exec(query.order_by(ProbeAnswer.frame_id, col(ProbeAnswer.place))))


def newest_arms(session: Session, run_id: str) -> tuple[list[ProbeArm], int]:
    """The arms of the settings that a run was probed with last, and how many other settings there are."""
    by_settings: dict[tuple[str, int], list[ProbeArm]] = defaultdict(list)
    for row in session.exec(select(ProbeArm).where(ProbeArm.run_id == run_id)):
        by_settings[settings_of(row)].append(row)
    if not by_settings:
        return [], 0
    return max(by_settings.values(), key=_last_asked), len(by_settings) - 1


def settings_of(row: ProbeArm) -> tuple[str, int]:
    """The model's name at the endpoint, and the seed."""
    return str(row.parameters["model"]), int(row.parameters["probe_seed"])


def _last_asked(arms: Sequence[ProbeArm]) -> int:
    return max(arm.created_at_us for arm in arms)
